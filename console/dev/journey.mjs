// A walk through the console by keyboard and mouse, with the mock or, given BASE, a demo server: what a picture cannot show. node --test dev/journey.mjs
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start } from './browser.mjs'

let b
before(async () => { b = await start() })
after(async () => { await b.stop() })
const walk = (name, run, options = {}) => test(name, async () => {
  const { context, page, errors } = await b.open(options)
  try { await run(page, context) } finally { await context.close() }
  assert.deepEqual(errors.filter((e) => !/status of (401|403|404|409|422)|ERR_FAILED/.test(e)), [])
})

walk('a stranger is sent to sign in and comes back', async (page, context) => {
  await context.clearCookies({ name: 'qw_session' })
  await page.goto(`${b.base}/console/problems?overdue=1`)
  await page.waitForURL(/\/login\?next=%2Fconsole%2Fproblems%3Foverdue%3D1/)
})

walk('skip link, then the main part has the focus', async (page) => {
  await b.visit(page, '/today')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.className), 'qw-skip')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
})

walk('facts open by keyboard, Esc closes them and gives the focus back', async (page) => {
  await b.visit(page, '/problems')
  await page.locator('button.origin').first().focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('.facts-panel .thread li')
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H2')
  const shown = await page.locator('.facts-panel .thread li').count()
  await page.locator('.facts-panel .body > button').click()
  await page.waitForFunction((n) => document.querySelectorAll('.facts-panel .thread li').length > n, shown).catch(() => assert.fail('paging'))
  await page.keyboard.press('Escape')
  await page.waitForSelector('.facts-panel', { state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement.className), 'origin qw-noprint')
})

walk('the place in view goes into the address and along to other pages', async (page) => {
  await b.visit(page, '/problems')
  const all = await page.locator('.caption .amount').textContent()
  await page.locator('.topbar .scope .opener').click()
  await page.locator('.finder li button').first().click()
  await page.waitForURL(/place=/)
  await page.waitForFunction((was) => document.querySelector('.caption .amount')?.textContent !== was, all)
  await page.locator('.rail a', { hasText: '地方' }).click()
  await page.waitForURL(/\/places\?place=/)
  await page.locator('.scope .crumb').first().click()
  const { home } = await (await page.request.get(`${b.base}/api/session`)).json()
  await page.waitForURL(new RegExp(`place=${home.id}$`))
})

walk('filters live in the address; sorting by the head of a column', async (page) => {
  await b.visit(page, '/problems')
  await page.locator('.filters .opener').first().click()
  await page.locator('.many label', { hasText: '已交办' }).click()
  await page.waitForURL(/state=assigned/)
  await page.keyboard.press('Escape')
  await page.locator('th .sort', { hasText: '期限' }).click()
  await page.waitForURL(/sort=due/)
  await page.waitForSelector('th[aria-sort="ascending"]')
  await page.reload()
  await page.waitForSelector('th[aria-sort="ascending"]')
  assert.equal(await page.locator('td.cell-state', { hasText: '待受理' }).count(), 0)
})

walk('a refusal stands at its field; a good command moves the state and writes a fact', async (page) => {
  await b.visit(page, '/problems?state=reported')
  await page.locator('td.cell-number a').first().click()
  await page.waitForSelector('.actions-list')
  const before = await page.locator('.timeline .thread li').count()
  await page.locator('.actions-list button', { hasText: '交办' }).first().click()
  await page.locator('form.command input[type=date]').fill('2020-01-01')
  await page.locator('form.command button[type=submit]').click()
  await page.waitForSelector('.qw-refusal')
  assert.equal(await page.locator('form.command input[type=date]').getAttribute('aria-invalid'), 'true')
  await page.locator('form.command input[type=date]').fill('2026-12-24')
  await page.locator('form.command button[type=submit]').click()
  await page.waitForSelector('.qw-notice-good')
  await page.waitForFunction((n) => document.querySelectorAll('.timeline .thread li').length === n + 1, before)
  assert.match(await page.locator('.now').textContent(), /已交办/)
})

walk('a command without answer is sent again with the same id', async (page) => {
  await b.visit(page, '/problems?state=reported')
  await page.locator('td.cell-number a').first().click()
  await page.waitForSelector('.actions-list')
  const ids = []
  await page.route('**/api/commands', async (route) => { ids.push(JSON.parse(route.request().postData()).id); if (ids.length === 1) { await route.fetch(); await route.abort() } else await route.continue() })
  await page.locator('.actions-list button', { hasText: '交办' }).first().click()
  const due = page.locator('form.command input[type=date]')
  await due.fill('2026-12-24')
  await page.locator('form.command button[type=submit]').click()
  await page.waitForSelector('.qw-notice-note')
  await page.locator('form.command button[type=submit]').click()
  await page.waitForSelector('.qw-notice-good')
  assert.equal(ids.length, 2)
  assert.equal(ids[0], ids[1])
})

walk('offline is said, and trying again works', async (page, context) => {
  await b.visit(page, '/problems')
  await page.route('**/api/rows/problems*', (route) => route.abort())
  await page.locator('th .sort').first().click()
  await page.waitForSelector('.rows .qw-notice-note')
  await page.unroute('**/api/rows/problems*')
  await page.locator('.rows .qw-notice-note button').click()
  await page.waitForSelector('tbody tr')
})

walk('report a problem with a position pressed on the map', async (page) => {
  const { rows } = await (await page.request.get(`${b.base}/api/rows/places?level=village&limit=1`)).json()
  await b.visit(page, `/problems/new?place=${rows[0].key}`)
  await page.locator('textarea').fill('测试：路灯不亮')
  await page.locator('button', { hasText: '在地图上选' }).click()
  await page.waitForSelector('.map[data-idle]', { timeout: 30_000 })
  await page.locator('.map').click({ position: { x: 200, y: 120 } })
  await page.waitForFunction(() => [...document.querySelectorAll('.typed input')].every((i) => i.value !== ''))
  await page.locator('form.command button[type=submit]').click()
  await page.waitForURL(/\/problems\/[0-9a-f-]{36}/)
  await page.waitForSelector('h1:has-text("路灯不亮")')
})

walk('language and theme change at once', async (page) => {
  await b.visit(page, '/today')
  await page.locator('.topbar .disclosure.end .opener').click()
  await page.locator('button[lang=en]').click()
  await page.waitForSelector('h1:has-text("Today")')
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en')
  await page.locator('.account button', { hasText: 'Dark' }).click()
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
})

walk('on a phone the menu opens and closes', async (page) => {
  await b.visit(page, '/today')
  assert.equal(await page.locator('.rail').isVisible(), false)
  await page.locator('.menu-button').click()
  await page.locator('.rail a', { hasText: '问题' }).click()
  await page.waitForURL(/\/problems/)
  assert.equal(await page.locator('.rail').isVisible(), false)
}, { width: 390 })
