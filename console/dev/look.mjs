// Pictures of every page, to be looked at: node dev/look.mjs OUT [page…]. WIDTHS, THEMES and LANGS narrow it down.
import { mkdir } from 'node:fs/promises'
import { PAGES, start } from './browser.mjs'

const [out, ...only] = process.argv.slice(2)
if (!out) throw new Error('node dev/look.mjs OUT [page…]')
const list = (name, all) => process.env[name]?.split(',') ?? all
await mkdir(out, { recursive: true })
const b = await start()
for (const lang of list('LANGS', ['zh-CN', 'en'])) for (const theme of list('THEMES', ['light', 'dark'])) for (const width of list('WIDTHS', ['1280', '390']).map(Number)) {
  const { context, page, errors } = await b.open({ lang, theme, width })
  for (const [name, path] of Object.entries(PAGES)) {
    if (only.length && !only.includes(name)) continue
    await b.visit(page, path)
    await page.screenshot({ path: `${out}/${name}-${lang.slice(0, 2)}-${theme}-${width}.png`, fullPage: process.env.FULL === '1' })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (wide > 0) console.log(`${name} ${lang} ${width}: ${wide} px too wide`)
  }
  if (errors.length) console.log(lang, theme, width, errors)
  await context.close()
}
await b.stop()
