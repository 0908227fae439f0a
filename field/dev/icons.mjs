// Draws the PNG icons from public/mark.svg (older phones want PNG). node dev/icons.mjs; the result is committed.
import { readFile, writeFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'
const svg = await readFile(new URL('../public/mark.svg', import.meta.url), 'utf8')
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
for (const size of [192, 512]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  // The ground fills the square and the drawing keeps to the middle, so that any mask leaves it whole.
  await page.setContent(`<style>body{margin:0;background:#1d6650;display:grid;place-items:center;height:100vh}svg{width:80%;height:80%}</style>${svg}`)
  await writeFile(new URL(`../public/icon-${size}.png`, import.meta.url), await page.screenshot())
}
await browser.close()
