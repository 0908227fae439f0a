// Takes pictures of the pages for a severe look. node dev/look.mjs [folder] [filter]
import { mkdirSync } from 'node:fs'
import { createMock } from './mock.mjs'
import { launch, phone } from './browser.mjs'

const out = process.argv[2] ?? '/tmp/field-look', only = process.argv[3] ?? ''
mkdirSync(out, { recursive: true })
const mock = createMock(), base = `http://127.0.0.1:${await mock.start(0)}`
const key = (text) => [...mock.problems].find(([, r]) => r.text.includes(text))[0]
const browser = await launch()
const PAGES = [
  ['today', 'zhou', '#/'], ['today-office', 'lin', '#/'], ['list', 'lin', '#/list/to_triage'],
  ['problem', 'shen', `#/problems/${key('井盖')}`], ['problem-triage', 'zhou', `#/problems/${key('水压')}`], ['problem-verify', 'gu', `#/problems/${key('冲水阀')}`], ['problem-answer', 'lin', `#/problems/${key('塌方')}`],
  ['claim', 'shen', `#/problems/${key('井盖')}/problems.claim_fix`], ['assign', 'zhou', `#/problems/${key('水压')}/problems.assign`], ['verify', 'gu', `#/problems/${key('冲水阀')}/problems.verify_fix`],
  ['report', 'shen', '#/report'], ['report-choose', 'zhou', '#/report', async (p) => { await p.getByRole('button', { name: /选择|Choose/ }).click(); await p.locator('input[type=search]').pressSequentially('村') }],
  ['report-filled', 'shen', '#/report', async (p) => { await p.locator('.tile').nth(1).click(); await p.locator('#text').fill('村东污水井盖又破了，积水外溢'); await p.locator('.spot + .pair button').click(); await p.waitForTimeout(900) }],
  ['report-wrong', 'zhou', '#/report', async (p) => { await p.locator('button[type=submit]').click() }],
  ['queue-empty', 'zhou', '#/queue'], ['me', 'zhou', '#/me'], ['stranger', null, '#/'],
  ['queue', 'shen', '#/report', async (p) => {
    for (const text of ['路灯不亮', '垃圾屋满溢']) { await p.locator('.tile').nth(1).click(); await p.locator('#text').fill(text); mock.control.refuseNext = text === '路灯不亮' ? { status: 409, type: 'problems/place-closed', title: '上坞村已撤并', detail: '请改报到并入的村。' } : null; if (text !== '路灯不亮') await p.context().setOffline(true); await p.locator('button[type=submit]').click(); await p.waitForTimeout(700); if (text === '路灯不亮') { await p.goto(base + '/field/#/report'); await p.waitForTimeout(300) } }
  }],
  ['today-queue', 'shen', '#/report', async (p) => { await p.goto(base + '/field/#/'); await p.waitForTimeout(500); await p.goto(base + '/field/#/report'); await p.waitForTimeout(200); await p.context().setOffline(true); await p.locator('.tile').nth(3).click(); await p.locator('#text').fill('断水'); await p.locator('button[type=submit]').click(); await p.waitForTimeout(300); await p.locator('.tabs a').first().click(); await p.waitForTimeout(700) }],
]
for (const [w, theme, lang] of [[390, 'light', 'zh-CN'], [390, 'dark', 'zh-CN'], [390, 'light', 'en'], [1280, 'light', 'zh-CN']]) {
  for (const [name, who, hash, act] of PAGES) {
    const file = `${w}-${theme}-${lang}-${name}`
    if (!file.includes(only)) continue
    const ctx = await browser.newContext({ ...phone, viewport: { width: w, height: w > 500 ? 900 : 844 }, colorScheme: theme, serviceWorkers: 'block', deviceScaleFactor: 1 })
    await ctx.addCookies([{ name: 'qw_lang', value: lang, url: base }, ...(who ? [{ name: 'qw_session', value: who, url: base }] : [])])
    const page = await ctx.newPage()
    page.on('pageerror', (e) => console.log(file, e.message))
    await page.goto(`${base}/field/${hash}`)
    await page.waitForTimeout(700)
    if (act) await act(page).catch((e) => console.log(file, e.message))
    await page.waitForTimeout(250)
    await page.evaluate(() => { document.querySelector('.tabs').style.position = innerWidth < 700 ? 'absolute' : ''; document.querySelector('#app').style.position = 'relative' })
    await page.screenshot({ path: `${out}/${file}.png`, fullPage: true })
    await ctx.close()
  }
}
await browser.close()
await mock.stop()
