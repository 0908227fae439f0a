// axe on every page, in both languages and themes, at both widths; also with the facts panel and an action open. Exit 1 when it finds something.
import { readFile } from 'node:fs/promises'
import { PAGES, start } from './browser.mjs'

const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const b = await start()
let found = 0, runs = 0
const list = (name, all) => process.env[name]?.split(',') ?? all
async function check(page, what) {
  runs++
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => (await window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 4).join(' | ')} (${v.nodes.length})`))
  for (const v of violations) { found++; console.log(`${what}  ${v}`) }
}
for (const lang of list('LANGS', ['zh-CN', 'en'])) for (const theme of list('THEMES', ['light', 'dark'])) for (const width of list('WIDTHS', ['1280', '390']).map(Number)) {
  const { context, page, errors } = await b.open({ lang, theme, width })
  for (const [name, path] of Object.entries(PAGES)) {
    const what = `${name} ${lang} ${theme} ${width}`
    await b.visit(page, path)
    await check(page, what)
    const origin = page.locator('button.origin').first()
    if (await origin.count()) { await origin.click(); await page.waitForTimeout(300); await check(page, `${what} +facts`); await page.keyboard.press('Escape') }
    const actions = page.locator('.actions-list .buttons button')
    for (let i = 0; i < Math.min(await actions.count(), 3); i++) { await actions.nth(i).click(); await page.waitForTimeout(60); await check(page, `${what} +action ${i}`) }
    const toggle = page.locator('.filters .toggle')
    if (await toggle.isVisible().catch(() => false)) await toggle.click()
    const openers = page.locator('main .opener')
    for (let i = 0; i < await openers.count(); i++) { await openers.nth(i).click(); await page.waitForTimeout(40); await check(page, `${what} +panel ${i}`); await page.keyboard.press('Escape') }
  }
  for (const opener of ['.topbar .scope .opener', '.topbar .disclosure.end .opener']) { await page.locator(opener).click(); await page.waitForTimeout(200); await check(page, `${opener} ${lang} ${theme} ${width}`); await page.keyboard.press('Escape') }
  if (width < 860) { await page.locator('.menu-button').click(); await check(page, `menu ${lang} ${theme} ${width}`) }
  for (const error of errors) { found++; console.log(`${lang} ${theme} ${width} error: ${error}`) }
  await context.close()
}
await b.stop()
console.log(`${runs} runs, ${found} findings`)
process.exitCode = found ? 1 : 0
