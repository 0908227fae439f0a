// Every page of every surface, on the real server: axe finds nothing, no page errors, nothing to scroll sideways on a phone. In both
// languages, on a phone and a desk, light and dark. What pages there are is read from the sources: a route, a screen of the field app or
// an act without a visit here fails.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BINARY, DESK, PHONE, account, ask, give, oneTimeCode, open, photo, settled, signIn, startBrowser, startServer, violations, wording } from './harness.mjs'

const source = (path) => readFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8')
const LANGUAGES = ['zh-CN', 'en']
/** The rules of axe that look at colours. In the other colour scheme nothing but the tokens' values differs: these suffice there. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']
const SIZES = [[DESK, ['light', 'dark']], [PHONE, ['dark', 'light']]]
/** In English the desk, the second colour scheme of the phone, and the forms of commands are looked at only where all is wanted: words
    are longer there, nothing else differs. */
const ALL = process.env.QW_AXE === 'all'

let server, browser, words, keys
before(async () => {
  words = Object.fromEntries(await Promise.all(LANGUAGES.map(async (l) => [l, await wording(l)])))
  server = await startServer({ args: ['--years', '1'] })
  browser = await startBrowser()
  keys = await find()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Looks at what is on the screen in every size and colour scheme; adds what is wrong to `found`. */
async function look(page, name, found, sizes = SIZES) {
  const twice = ALL || (await page.evaluate(() => document.documentElement.lang)) !== 'en'
  const phone = sizes.filter(([viewport]) => viewport === PHONE)
  for (const [viewport, schemes] of twice || !phone.length ? sizes : phone) {
    await page.setViewportSize(viewport)
    for (const [i, scheme] of schemes.slice(0, twice ? 2 : 1).entries()) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      if (i === 0) await settled(page)
      else await page.evaluate(() => new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)) }))
      for (const v of await violations(page, i === 0 ? undefined : COLOUR_RULES)) found.push(`${name}, ${viewport.width}, ${scheme}: ${v}`)
    }
    if (viewport !== PHONE) continue
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
    if (wide > window) found.push(`${name}: ${wide} px wide in a window of ${window}`)
  }
}

const speaking = (language, more = {}) => open(browser, server, { language, ...more }).then(async (person) => {
  await person.context.addCookies([{ name: 'qw_lang', value: language, url: server.address }])
  return person
})

/** Each finding once, all of them. */
const nothing = (found) => assert.ok(found.length === 0, `\n${[...new Set(found)].join('\n')}`)

/** The demo has no forms yet: one in use with a submission of its own, and one that still needs a file. */
async function surveys(person, county, home, today) {
  const xml = (id, needs) => `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>入户走访</h:title><model><instance><data id="${id}" version="1"><village/><orx:meta><orx:instanceID/></orx:meta></data></instance>${needs}<bind nodeset="/data/village" type="string"/></model></h:head><h:body><input ref="/data/village"/></h:body></h:html>`
  const bring = async (id, needs = '', body = xml(id, needs)) => {
    const { json, status, text } = await ask(person, `/api/forms?place=${county}`, { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body })
    assert.equal(status, 200, text)
    return json.form
  }
  const open = await bring('visit'), draft = await bring('visit-2', '<instance id="v" src="jr://file-csv/villages.csv"/>')
  await give(person, { type: 'surveys.publish', form: open, version: '1' })
  const rich = await bring('', '', await source('demo/forms/village_look_demo.xml'))
  await give(person, { type: 'surveys.publish', form: rich, version: '2026112501' })
  const filled = '<data id="visit" version="1" xmlns:orx="http://openrosa.org/xforms"><village>上坞村</village><orx:meta><orx:instanceID>uuid:axe-1</orx:instanceID></orx:meta></data>'
  const part = { name: 'visit.xml', mimeType: 'text/xml', buffer: Buffer.from(filled) }
  const answer = await person.context.request.fetch(`/api/submissions?place=${county}`, { method: 'POST', headers: { 'X-Qianwan': '1' }, multipart: { xml_submission_file: part } })
  assert.equal(answer.status(), 200, await answer.text())
  // A campaign of it, to which the village's own people are assigned, and one that was closed.
  const campaign = async (title) => {
    const opened = await give(person, { type: 'campaigns.open', place: county, form: rich, title, from: today, until: `${today.slice(0, 4)}-12-31`, over_cap: '演示' })
    assert.equal(opened.status, 200, opened.text)
    return opened.json.subject.split(':')[1]
  }
  const running = await campaign('冬季走访（演示）'), over = await campaign('夏季走访（演示）')
  const assigned = await give(person, { type: 'campaigns.assign', campaign: running, places: [home.id], to: { is: 'post', post: { place: home.id, role: 'village' } } })
  assert.equal(assigned.status, 200, assigned.text)
  const own = await give(person, { type: 'campaigns.assign', campaign: running, places: [county], to: { is: 'post', post: { place: county, role: 'office' } } })
  assert.equal(own.status, 200, own.text)
  await give(person, { type: 'campaigns.close', campaign: over, reason: '走访完毕' })
  return { open, draft, rich, running, over, submission: (await answer.json()).submission }
}

/** Rows of the views, as the office sees them. */
async function find() {
  const person = await open(browser, server)
  await signIn(person, account(server, 'office'))
  const get = async (path) => { const { json, status, text } = await ask(person, path); assert.equal(status, 200, `${path}: ${text}`); return json }
  const one = async (query) => { const { rows } = await get(`/api/rows/${query}${query.includes('?') ? '&' : '?'}limit=1`); assert.ok(rows[0], `the demo has no ${query}`); return rows[0] }
  const key = async (query) => (await one(query)).key
  const session = await get('/api/session')
  const posts = (await get('/api/rows/posts?limit=200')).rows
  const drawn = posts.find((p) => p.row.handovers?.length)
  const village = await open(browser, server)
  await signIn(village, account(server, 'village'))
  const home = (await ask(village, '/api/session')).json.posts[0].place
  await village.finish()
  const states = ['reported', 'assigned', 'claimed', 'verified', 'confirmed', 'dismissed', 'merged']
  const out = {
    county: session.home, home,
    township: (await one('places?level=township')).place, village: (await one('places?level=village')).place,
    problems: Object.fromEntries(await Promise.all(states.map(async (s) => [s, await key(`problems?state=${s}`)]))),
    answered: (await get('/api/rows/problems?state=verified&limit=200')).rows.find((r) => r.row.reporter.is === 'villager').key,
    overdue: await key('problems?overdue=1'),
    tasks: { open: await key('tasks?state=open'), claimed: await key('tasks?state=claimed'), verified: await key('tasks?state=verified'), target: await key('tasks?kind=target') },
    surveys: await surveys(person, session.home.id, home, session.today),
    topic: await key('topics'), post: drawn.key, official: drawn.row.holdings[0].person, handover: drawn.row.handovers[0].statement,
    chain: (await get('/api/chains')).chains[0]?.chain,
  }
  await person.finish()
  return out
}

/** Sessions by name: one address may sign in only so often, and every page needs somebody who has. */
const sessions = new Map()
async function enter(person, who, next = '/console/') {
  const known = sessions.get(who.name)
  if (known) {
    await person.context.addCookies(known)
    await person.page.goto(next)
    return
  }
  await signIn(person, who, next)
  sessions.set(who.name, (await person.context.cookies()).filter((c) => c.name.endsWith('qw_session')))
}

// ---- the console -----------------------------------------------------------------------------------------------

const button = (page, name) => page.getByRole('button', { name, exact: true })
const press = (key) => async ({ page, w }) => { await button(page, w[key]).first().click() }
const pressAll = (selector, n) => async ({ page }) => { await page.locator(selector).nth(n ?? 0).click() }
/** Opens one form of a record after another; a command whose form has been looked at is not opened again. */
const forms = async ({ page, w, seen, look }) => {
  const more = page.getByRole('button', { name: w['form.more_actions'], exact: true })
  for (let n = await more.count(); n > 0; n--) await more.first().click()
  const openers = page.locator('.actions-list .buttons button[aria-expanded]')
  for (const text of await openers.allInnerTexts()) {
    const command = new URL(page.url()).pathname.split('/')[2] + text
    if (seen.has(command)) continue
    seen.add(command)
    await page.setViewportSize(DESK)
    await openers.getByText(text, { exact: true }).click()
    await look(`form “${text}”`)
    // And what it says where something is missing, or where it is refused.
    await page.locator('form.command button[type=submit]').click()
    await look(`form “${text}”, refused`)
    await page.locator('form.command').getByRole('button', { name: w['say.cancel'], exact: true }).click()
  }
}
/** On a phone the menu is behind a button. */
const menu = async ({ page, look }) => {
  await page.setViewportSize(PHONE)
  await page.locator('.menu-button').click()
  await look('menu', [SIZES[1]])
  await page.keyboard.press('Escape')
}
/** Route → visits: who, the address (made of `keys`), and what is opened there one after another; each is looked at. */
const CONSOLE = {
  '/': [['office', () => '/']],
  '/today': [['office', () => '/today', menu, press('scope.other'), pressAll('.topbar .disclosure.end button')], ['village', () => '/today'], ['head', () => '/today'], ['township', () => '/today']],
  '/problems': [['office', () => '/problems', ...[0, 1, 2, 3].map((n) => pressAll('form.filters .disclosure button.opener', n)), pressAll('.origin')], ['office', () => '/problems?q=nothing-like-this']],
  '/problems/board': [['office', () => '/problems/board']],
  '/problems/map': [['office', () => '/problems/map']],
  '/problems/figures': [['office', () => '/problems/figures']],
  '/problems/new': [['office', (k) => `/problems/new?place=${k.village.id}`, pressAll('form.command button[type=submit]')]],
  '/problems/:key': [...['reported', 'assigned', 'claimed', 'verified', 'confirmed', 'dismissed', 'merged'].map((s) => ['office', (k) => `/problems/${k.problems[s]}`, forms]), ['head', (k) => `/problems/${k.overdue}`, forms]],
  '/places': [['office', () => '/places']],
  '/places/map': [['office', () => '/places/map']],
  '/places/:id(\\d+)': [['office', (k) => `/places/${k.village.id}`, forms], ['office', (k) => `/places/${k.township.id}`], ['office', (k) => `/places/${k.county.id}`]],
  '/topics': [['office', () => '/topics', async ({ page, w }) => { const propose = button(page, w['command.topics.propose']); if (await propose.count()) await propose.first().click() }]],
  '/topics/:key': [['office', (k) => `/topics/${k.topic}`, forms]],
  '/posts': [['office', () => '/posts']],
  '/posts/list': [['office', () => '/posts/list']],
  '/posts/:place(\\d+)/:role/:department?': [['office', (k) => `/posts/${k.post}`, forms]],
  '/officials/:person': [['office', (k) => `/officials/${k.official}`]],
  '/lapses': [['office', () => '/lapses']],
  '/handovers': [['office', () => '/handovers']],
  '/handovers/:hash': [['office', (k) => `/handovers/${k.handover}`, forms]],
  '/tasks': [['office', () => '/tasks']],
  '/tasks/figures': [['office', () => '/tasks/figures']],
  '/tasks/new': [['office', () => '/tasks/new', pressAll('form.command button[type=submit]')]],
  '/tasks/:key': [['office', (k) => `/tasks/${k.tasks.open}`, press('command.tasks.pass_down')], ...['open', 'claimed', 'verified', 'target'].map((s) => ['office', (k) => `/tasks/${k.tasks[s]}`, forms])],
  '/submissions': [['office', () => '/submissions'], ['office', () => '/submissions?state=approved'], ['office', () => '/submissions?current=1&received_on.from=2026-01-01']],
  '/submissions/map': [['office', () => '/submissions/map'], ['office', () => '/submissions/map?state=approved']],
  '/submissions/:key': [['head', (k) => `/submissions/${k.surveys.submission}`, forms], ['office', (k) => `/submissions/${k.surveys.submission}`]],
  '/campaigns': [['office', () => '/campaigns', press('command.campaigns.open')], ['head', () => '/campaigns']],
  '/campaigns/:key': [['office', (k) => `/campaigns/${k.surveys.running}`, forms], ['office', (k) => `/campaigns/${k.surveys.over}`], ['village', (k) => `/campaigns/${k.surveys.running}`]],
  '/coverage': [['office', () => '/coverage'], ['village', () => '/coverage?since=2026-01-01&show=never']],
  '/burden': [['office', () => '/burden'], ['office', () => '/burden?month=2020-01']],
  '/forms': [['office', () => '/forms'], ['head', () => '/forms']],
  '/forms/:key/mapping': [['office', (k) => `/forms/${k.surveys.rich}/mapping`, forms]],
  '/readings': [['office', () => '/readings']],
  '/forms/:key': [['office', (k) => `/forms/${k.surveys.open}`, forms], ['office', (k) => `/forms/${k.surveys.draft}`], ['village', (k) => `/forms/${k.surveys.open}`]],
  '/needs': [['office', () => '/needs?work=road_repair', pressAll('.rows .wishes button'), pressAll('form.command button[type=submit]')], ['office', () => '/needs'], ['village', () => '/needs'], ['office', () => '/needs?work=no_such_work']],
  '/catalogue': [['office', () => '/catalogue', press('catalogue.add_work'), press('catalogue.show_faults')], ['office', () => '/catalogue', press('catalogue.edit_standards'), press('catalogue.add_standard'), press('catalogue.show_faults')], ['office', () => '/catalogue', pressAll('.acts button', 0)], ['office', () => '/catalogue', pressAll('.acts button', 1)], ['village', () => '/catalogue']],
  '/wishes': [['office', () => '/wishes', press('command.wishes.count'), pressAll('form.command button[type=submit]')], ['office', () => '/wishes', pressAll('.acts button.qw-button'), pressAll('.acts .origin')], ['village', () => '/wishes?how=meeting']],
  '/rules': [['office', () => '/rules', press('rules.new_version')]],
  '/activity': [['office', () => '/activity']],
  '/audit': [['audit', () => '/audit']],
  '/accounts': [['admin', () => '/accounts'], ['security', () => '/accounts']],
  '/accounts/invite': [['admin', () => '/accounts/invite']],
  '/accounts/:id': [['admin', (k) => `/accounts/${k.account}`, pressAll('.acts button')], ['security', (k) => `/accounts/${k.account}`, pressAll('.acts button')]],
  '/account': [['office', () => '/account']],
  '/:rest(.*)*': [['office', () => '/no/such/page'], ['office', () => '/problems/00000000-0000-7000-8000-000000000000']],
}

async function consoleRoutes() {
  const rooms = (await readdir(fileURLToPath(new URL('../console/src/rooms', import.meta.url)))).map((room) => `console/src/rooms/${room}/index.ts`)
  const texts = await Promise.all([...rooms, 'console/src/router.ts'].map(source))
  return texts.flatMap((text) => {
    const paths = [...text.matchAll(/\bpath: '([^']+)'/g)].map((m) => m[1].replaceAll('\\\\', '\\'))
    assert.equal(paths.length, text.match(/\bpath:/g).length, 'a route is written so that this test cannot read it')
    return paths
  })
}

describe('console', { concurrency: 2 }, () => {
  test('every route has a visit', async () => assert.deepEqual(Object.keys(CONSOLE).sort(), (await consoleRoutes()).sort()))
  for (const language of LANGUAGES) {
    test(`accessible: ${language}`, async () => {
      const w = words[language], found = [], seen = new Set(), people = new Map()
      const visits = Object.entries(CONSOLE).flatMap(([route, all]) => all.map((visit) => [route, ...visit]))
      for (const [route, who, address, ...steps] of visits) {
        if (!people.has(who)) {
          // A refusal provoked on purpose, and a page that is not there, are told by the browser.
          const person = await speaking(language, { expected: ['404 (Not Found)', '422 (Unprocessable', '403 (Forbidden)', '409 (Conflict)'] })
          await enter(person, account(server, who))
          // Nothing is written: what is sent is refused.
          const refusal = { type: '/errors/command-id-reused', title: w['form.required'], detail: 'detail', status: 409 }
          await person.page.route('**/api/commands', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', json: refusal }))
          people.set(who, person)
        }
        const person = people.get(who), { page } = person
        if (who === 'admin' || who === 'security') keys.account ??= (await ask(person, '/api/accounts?limit=1&q=v001')).json.accounts[0].id
        const name = `${who} ${address(keys)}`
        const here = (step, sizes) => look(page, step ? `${name}: ${step}` : name, found, sizes)
        try {
          await page.setViewportSize(DESK)
          await page.goto(`/console${address(keys)}`)
          await page.locator('main h1, main [role=alert], main .qw-notice').first().waitFor()
          await settled(page)
          assert.equal(await page.locator('html').getAttribute('lang'), language)
          await here()
          for (const [i, step] of steps.entries()) {
            // The forms of commands are made of the same parts in both languages.
            if (step === forms && language === 'en' && !ALL) continue
            await page.setViewportSize(DESK)
            await step({ page, w, seen, look: here })
            if (![forms, menu].includes(step)) await here(`step ${i + 1}`)
          }
        } catch (error) { found.push(`${name}: ${error.message}`) } // the other pages are looked at all the same
      }
      for (const person of people.values()) await person.finish().catch((error) => found.push(error.message))
      nothing(found)
    })
  }
})

// ---- pages made by the server ----------------------------------------------------------------------------------

/** What is not a page, and why; the rest of the table of routes (without /api/) must have been looked at. */
const NO_PAGE = {
  'GET /v/{code}/poster.svg': 'a drawing', 'GET /public/files/{hash}': 'a photo', 'GET /key/{key}': 'JSON', 'POST /logout': 'leads on',
  'GET /console': 'leads on', 'GET /console/': 'above', 'GET /console/{*file}': 'above', 'GET /field': 'leads on', 'GET /field/': 'below', 'GET /field/{*file}': 'below',
  'GET /assets/{file}': 'styles', 'GET /favicon.ico': 'a drawing', 'GET /brief.gpx': 'a file', 'GET /brief.geojson': 'a file', 'GET /robots.txt': 'text', 'GET /healthz': 'JSON', 'GET /metrics': 'text',
  'POST /p/{problem}/contact': 'leads on, or JSON', 'GET /login/oidc': 'leads on', 'GET /login/oidc/back': 'leads on',
  'GET /login/oidc/link': 'in oidc.test.mjs, where there is a provider', 'POST /login/oidc/link': 'the same',
}
/** Sends the form with what is given, past what the browser would check. */
async function sendForm(page, form, values = {}) {
  await page.locator(form).evaluate((f) => { f.noValidate = true })
  for (const [name, value] of Object.entries(values)) await page.locator(`${form} [name=${name}]`).fill(value)
  await page.locator(`${form} button:not([type=button])`).last().click()
  await page.waitForLoadState()
}
/** Who, and what he looks at; addresses are made of `keys`. */
const SIMPLE = [
  [null, (k) => ['/', '/?q=a', `/v/${k.county.code}`, `/v/${k.township.code}`, `/v/${k.village.code}`, `/v/${k.county.code}/duties`, `/v/${k.township.code}/duties`, `/v/${k.village.code}/duties`, `/v/${k.village.code}/report`, '/login', ...Object.values(k.problems).map((p) => `/p/${p}`), '/link?token=none', '/welcome?token=none', '/v/000', '/no/such/page']],
  ['office', (k) => [`/handover/${k.handover}`, `/checkpoints/${k.chain}`, `/brief?place=${k.village.id}`, `/brief?place=${k.township.id}&since=2026-01-01`, '/brief']],
  ['security', (k) => [`/handover/${k.handover}`]], // may not
]

async function routeTable() {
  const all = [...(await source('crates/server/src/routes.rs')).matchAll(/^ {4}(GET|POST|PUT|PATCH|DELETE) "([^"]+)" permit:/gm)].map((m) => `${m[1]} ${m[2]}`)
  assert.ok(all.length > 50, 'the table of routes is written so that this test cannot read it')
  // What is below /v1/ answers surveying apps and programs, in XML and JSON.
  return all.filter((route) => !route.includes(' /api/') && !route.includes(' /v1/'))
}
/** The first start, before there is anybody: the page behind its printed link. */
async function firstStart() {
  const dir = await mkdtemp(join(tmpdir(), 'qianwan-axe-'))
  const child = spawn(BINARY, ['serve', '--data', join(dir, 'data'), '--listen', '127.0.0.1:0', '--host', 'localhost'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const link = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  return { link, stop: async () => { child.kill('SIGTERM'); await ended; await rm(dir, { recursive: true, force: true }) } }
}

describe('pages made by the server', () => {
  const looked = new Set()
  for (const language of LANGUAGES) {
    test(`accessible: ${language}`, async () => {
      const found = [], routes = await routeTable()
      const routeOf = (method, path) => routes.find((route) => {
        const [verb, pattern] = route.split(' ')
        return verb === method && new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\{\*\w+\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
      })
      /** Somebody who notes which route made the page that he looks at. */
      const someone = async (who, more = {}) => {
        const person = await speaking(language, { serviceWorkers: 'block', expected: ['the server responded with a status of 4', 'Failed to load resource'], ...more })
        let last = ''
        person.page.on('response', (r) => { if (r.request().isNavigationRequest() && r.frame() === person.page.mainFrame() && (r.headers()['content-type'] ?? '').startsWith('text/html')) last = routeOf(r.request().method(), new URL(r.url()).pathname) ?? '' })
        if (who) await enter(person, who)
        person.look = async (name = new URL(person.page.url()).pathname) => {
          await person.page.locator('h1').first().waitFor()
          assert.equal(await person.page.locator('html').getAttribute('lang'), language)
          await look(person.page, `${who?.name ?? 'stranger'} ${name}`, found)
          looked.add(last)
        }
        return person
      }

      for (const [who, addresses] of SIMPLE) {
        const person = await someone(who && account(server, who))
        for (const address of addresses(keys)) {
          await person.page.goto(address)
          await person.look(address)
        }
        await person.finish()
      }

      // Reporting: refused, asked whether it is known already, done; and the answer with the receipt.
      const villager = await someone(null)
      await villager.page.goto(`/v/${keys.home.code}/report`)
      await sendForm(villager.page, 'main form')
      await villager.look('report, refused')
      for (const name of ['report, done', 'report, similar']) {
        await villager.page.goto(`/v/${keys.home.code}/report`)
        await villager.page.locator('[name=field][value=industry]').check()
        await villager.page.locator('input[type=file]').setInputFiles(await photo(browser, name.length))
        await sendForm(villager.page, 'main form', { words: '晒场占用（演示）' })
        await villager.look(name)
      }
      await villager.page.goto(`/p/${keys.answered}?r=no-such-receipt`)
      await villager.look('with a receipt')
      await sendForm(villager.page, 'section.answer form')
      await villager.look('answer, refused')

      // A second factor, from nothing to the page that asks for it.
      const own = account(server, language === 'en' ? 'viewer' : 'water')
      const person = await someone(own)
      await person.page.goto('/second-factor')
      await person.look('/second-factor, off')
      const secret = await person.page.locator('#secret').textContent()
      await sendForm(person.page, 'main form', { password: own.password, code: '000000' })
      await person.look('/second-factor, wrong code')
      await sendForm(person.page, 'main form', { password: own.password, code: oneTimeCode((await person.page.locator('#secret').textContent()) ?? secret) })
      assert.equal(await person.page.locator('.codes code').count(), 10)
      await person.look('/second-factor, codes')
      await person.page.goto('/second-factor')
      await person.look('/second-factor, on')
      await villager.page.goto('/login')
      await sendForm(villager.page, 'form:has([name=password])', { name: own.name, password: 'wrong' })
      await villager.look('/login, refused')
      await sendForm(villager.page, 'form:has([name=password])', { name: own.name, password: own.password })
      await villager.look('/login/code')
      await sendForm(villager.page, 'form[action="/login/code"]', { code: '000000' })
      await villager.look('/login/code, refused')

      // The link that sets a password.
      const admin = await someone(account(server, 'admin'))
      const made = await ask(admin, '/api/accounts', { method: 'POST', body: { name: `look-${language}`, display: '看页（演示）', place: keys.home.id, role: 'viewer' } })
      assert.equal(made.status, 200, made.text)
      await villager.page.goto(new URL(made.json.link.url).pathname + new URL(made.json.link.url).search)
      await villager.look('/link')
      await sendForm(villager.page, 'form[action="/link"]', { password: 'short', again: 'short' })
      await villager.look('/link, refused')
      await admin.finish()
      await person.finish()
      await villager.finish()

      const first = await firstStart()
      const founder = await someone(null, { ignoreHTTPSErrors: true })
      await founder.page.goto(first.link)
      await founder.look('/welcome')
      await sendForm(founder.page, 'form[action="/welcome"]', { name: 'a', password: 'short', again: 'short' })
      await founder.look('/welcome, refused')
      await founder.finish()
      await first.stop()
      nothing(found)
    })
  }
  test('every page of the table of routes was looked at', async () => {
    const routes = await routeTable()
    assert.deepEqual(routes.filter((route) => !(route in NO_PAGE) && !looked.has(route)), [])
    assert.deepEqual(Object.keys(NO_PAGE).filter((route) => !routes.includes(route)), [], 'a route that is no more')
  })
})

// ---- the field app ---------------------------------------------------------------------------------------------

/** Screen → visits. `act` has those of every act. */
const FIELD = {
  today: [() => '#/'], list: [() => '#/list/mine', () => '#/list/to_verify', () => '#/list/tasks_mine'], report: [() => '#/report'], queue: [() => '#/queue'], me: [() => '#/me'],
  forms: [() => '#/forms'], form: [(k) => `#/forms/${k.surveys.rich}/draft`, () => '#/forms/none/draft'], preview: [(k) => `#/preview/${k.surveys.rich}/2026112501`, () => '#/preview/none/1'],
  task: ['open', 'claimed', 'verified', 'target'].map((s) => (k) => `#/tasks/${k.tasks[s]}`),
  problem: ['assigned', 'claimed', 'verified', 'dismissed', 'merged'].map((s) => (k) => `#/problems/${k.problems[s]}`),
}

async function queue(person, w, found) {
  const { page } = person
  await enter(person, account(server, 'village'), '/field/')
  await page.route('**/api/commands', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', json: { type: '/errors/x', title: w['act.unknown'], detail: w['queue.text'], status: 409 } }))
  await page.route('**/api/files', (route) => route.abort())
  for (const shot of [false, true]) {
    await page.goto('/field/#/report')
    await page.locator('.place-now b').waitFor()
    await page.locator('.tile').first().click()
    await page.locator('#text').fill('桥栏松动（演示）')
    if (shot) { await page.locator('input[type=file]').first().setInputFiles(await photo(browser)); await page.locator('.shots img').waitFor() }
    await look(page, '#/report, filled in', found)
    await page.locator('form button[type=submit]').click()
    await page.locator('.acts-waiting').waitFor()
  }
  await page.locator('.act-refused').waitFor()
  await look(page, '#/queue, full', found)
  await page.getByRole('button', { name: w['queue.discard'], exact: true }).first().click()
  await look(page, '#/queue, discard?', found)
  await page.goto('/field/#/')
  await look(page, '#/, with a queue', found)
}

describe('field app', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    test(`accessible: ${language}`, async () => {
      const acts = [...(await source('field/src/rooms/problems/acts.ts')).matchAll(/type: '([\w.]+)'/g)].map((m) => m[1])
      const screens = new Set([...(await source('field/src/route.ts')).split('export function')[0].matchAll(/\{ is: '(\w+)'/g)].map((m) => m[1]))
      assert.ok(acts.length > 8 && screens.size > 6)
      const visits = { ...FIELD, act: acts.map((type) => (k) => (type.startsWith('tasks.') ? `#/tasks/${k.tasks[type === 'tasks.claim' ? 'target' : 'claimed']}/${type}` : `#/problems/${k.problems[/verify|reject/.test(type) ? 'claimed' : 'assigned']}/${type}`)) }
      assert.deepEqual(Object.keys(visits).sort(), [...screens].sort(), 'every screen has a visit')

      const w = words[language], found = []
      const someone = () => speaking(language, { viewport: PHONE, expected: ['net::ERR', 'Failed to load resource'] })
      const person = await someone(), { page } = person
      await page.goto('/field/')
      await page.getByRole('link', { name: w['signin.do'], exact: true }).waitFor()
      await look(page, 'stranger', found)
      await enter(person, account(server, 'office'), '/field/')
      await page.locator('.kept').waitFor()
      assert.equal(await page.locator('html').getAttribute('lang'), language)
      for (const hash of Object.values(visits).flat().map((address) => address(keys))) {
        await page.goto(`/field/${hash}`)
        await page.locator('main h1').waitFor()
        await settled(page)
        await look(page, hash, found)
        const send = page.locator('main form button[type=submit]')
        if (!(await send.count()) || /assign|escalate$/.test(hash)) continue // those may be sent as they are
        await send.click()
        await look(page, `${hash}, sent empty`, found)
      }
      // Something waits, and something was refused.
      const village = await someone()
      await queue(village, w, found)
      await village.finish()
      await person.finish()
      nothing(found)
    })
  }
})
