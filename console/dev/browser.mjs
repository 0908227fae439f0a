// Shared by look.mjs and axe.mjs: a headless Chromium, the mock (unless BASE names a running server), and the pages to visit.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const PAGES = {
  today: '/today', problems: '/problems', 'problems-late': '/problems?overdue=1&field=waste,sewage,road&sort=due', board: '/problems/board', map: '/problems/map?indicator=problems_open', figures: '/problems/figures', new: '/problems/new',
  problem: async (page, base) => { const { rows } = await (await page.request.get(`${base}/api/rows/problems?overdue=1&state=assigned&limit=60`)).json(); const good = rows.find((r) => r.row.diagnosis && r.row.escalations?.length && r.row.photos.length && r.row.position) ?? rows[0]; return `/problems/${good.key}` },
  places: '/places?level=village', 'places-map': '/places/map?indicator=problems_open',
  place: async (page, base) => { const { rows } = await (await page.request.get(`${base}/api/rows/places?level=village&shrunk=1&limit=20`)).json(); return `/places/${(rows[1] ?? rows[0]).key}` },
  county: async (page, base) => `/places/${(await (await page.request.get(`${base}/api/session`)).json()).home.id}`, topics: '/topics', topic: async (page, base) => `/topics/${(await (await page.request.get(`${base}/api/rows/topics?limit=1`)).json()).rows[0]?.key ?? 'none'}`, rules: '/rules', activity: '/activity', missing: '/nowhere', empty: '/problems?q=zzzz',
}

export async function start() {
  let base = process.env.BASE, server
  if (!base) {
    ({ server } = await import('./mock.mjs'))
    await new Promise((r) => server.listen(0, '127.0.0.1', r))
    base = `http://127.0.0.1:${server.address().port}`
  }
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--enable-unsafe-swiftshader'] })
  /** A signed-in page in a language, theme and width. With BASE, USER and PASSWORD sign in for real. */
  async function open({ lang = 'zh-CN', theme = 'light', width = 1280, height = width < 600 ? 844 : 900 } = {}) {
    const context = await browser.newContext({ locale: lang, timezoneId: 'Asia/Shanghai', viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' })
    await context.addCookies([{ name: 'qw_lang', value: lang, url: base }])
    if (process.env.BASE) {
      const answer = await context.request.post(`${base}/api/session`, { data: { name: process.env.USER_NAME ?? 'office', password: process.env.PASSWORD ?? '' }, headers: { 'X-Qianwan': '1' } })
      if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`)
    } else await context.addCookies([{ name: 'qw_session', value: 'dev', url: base }])
    // LOCAL=1: the server's answers, but the console of this folder instead of the one inside the binary.
    if (process.env.LOCAL) await context.route(`${base}/console/**`, (route) => {
      const path = new URL(route.request().url()).pathname.slice('/console/'.length)
      return route.fulfill({ path: join(process.env.DIST ?? fileURLToPath(new URL('../dist', import.meta.url)), /\.\w+$/.test(path) ? path : 'index.html') })
    })
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', (e) => errors.push(e.message))
    page.on('console', (m) => { if (m.type() === 'error') errors.push(m.text()) })
    return { context, page, errors }
  }
  async function visit(page, path) {
    const at = typeof path === 'function' ? await path(page, base) : path
    await page.goto(`${base}/console${at}`)
    await page.waitForSelector('main h1')
    await page.waitForLoadState('networkidle', { timeout: 8_000 }).catch(() => undefined)
    if (await page.locator('.map').count()) await page.waitForSelector('.map[data-idle]', { timeout: 30_000 }).catch(() => console.error(`map not idle: ${at}`))
    await page.waitForTimeout(150)
  }
  return { base, browser, open, visit, stop: async () => { await browser.close(); server?.close(); server?.closeAllConnections() } }
}
