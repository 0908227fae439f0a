// One problem from the village entrance to the reporter's yes, through every surface, with the real binary.
// The tests stand in the order of the story and hand the problem on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, accessible, account, ask, bytes, give, open, photo, signIn, slowPhone, startBrowser, startServer, uuid, wording } from './harness.mjs'

const WHAT = '村口垃圾桶满了三天，没有人清运'
const PUBLIC_PAGE_BYTES = 30_000
const FIELD_SHELL_BYTES = 60_000
const CONSOLE_FIRST_SCREEN_BYTES = 250_000

let server, browser, words
/** What the story has come to. */
const story = { village: null, problem: null, receipt: null }

before(async () => {
  words = await wording()
  server = await startServer()
  browser = await startBrowser()
  const person = await open(browser, server, { viewport: PHONE })
  await signIn(person, account(server, 'village'), '/field/')
  const session = await ask(person, '/api/session')
  story.village = session.json.posts[0].place
  await person.finish()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('the village page says what is open, in both languages, and is light', async () => {
  for (const language of ['zh-CN', 'en']) {
    const { page, finish } = await open(browser, server, { viewport: PHONE, language, serviceWorkers: 'block' })
    const sent = await bytes(page)
    await slowPhone(page)
    await page.goto(`/v/${story.village.code}?lang=${language}`)
    assert.equal(await page.locator('html').getAttribute('lang'), language)
    assert.match(await page.locator('h1').innerText(), new RegExp(story.village.name))
    assert.ok(await page.getByText((await wording(language))['programme.demo']).first().isVisible(), 'it says that the data are made up')
    assert.ok(sent() <= PUBLIC_PAGE_BYTES, `${sent()} bytes sent, at most ${PUBLIC_PAGE_BYTES}`)
    await accessible(page)
    await finish()
  }
})

test('a villager reports a problem without an account and without JavaScript', async () => {
  const person = await open(browser, server, { viewport: PHONE, javaScript: false })
  const { page, finish } = person
  await page.goto(`/v/${story.village.code}`)
  await page.locator(`a[href^="/v/${story.village.code}/report"]`).first().click()
  await page.locator('[name=field][value=waste]').check()
  await page.locator('[name=words]').fill(WHAT)
  await page.locator('input[type=file]').first().setInputFiles(await photo(browser))
  await page.locator('form:has([name=words]) button[type=submit]').click()
  await page.waitForLoadState()
  // Something like it may be known near by; then the page asks, and keeps what was filled in.
  if (new URL(page.url()).pathname.endsWith('/report')) await page.locator('form:has([name=not_the_same]) button[type=submit]').click()
  await page.waitForURL(/\/p\//)
  story.receipt = page.url()
  story.problem = new URL(page.url()).pathname.split('/')[2]
  assert.match(await page.locator('main').innerText(), new RegExp(WHAT))
  await finish()

  const again = await open(browser, server, { viewport: PHONE })
  await again.page.goto(story.receipt)
  await accessible(again.page)
  await again.finish()
})

test('the office finds it in the console and assigns it', async () => {
  const person = await open(browser, server, { viewport: DESK })
  const { page, finish } = person
  const sent = await bytes(page)
  await signIn(person, account(server, 'office'), '/console/')
  await page.locator('h1').first().waitFor()
  await page.waitForLoadState('networkidle')
  assert.ok(sent() <= CONSOLE_FIRST_SCREEN_BYTES, `${sent()} bytes sent, at most ${CONSOLE_FIRST_SCREEN_BYTES}`)
  await accessible(page)

  const [row] = (await ask(person, `/api/rows/problems?q=${encodeURIComponent(WHAT)}&limit=5`)).json.rows
  assert.equal(row.row.state.is, 'reported')
  story.problem = row.key
  await page.goto(`/console/problems/${row.key}`)
  await page.getByRole('heading', { level: 1, name: WHAT }).waitFor()
  await accessible(page)
  await page.getByRole('button', { name: words['command.problems.assign'], exact: true }).click()
  // By the rule: for waste, the village itself within seven days.
  await page.locator('form.command button[type=submit]').click()
  await page.getByText(words['form.recorded'] ?? words['state.assigned']).first().waitFor()
  const { json } = await ask(person, `/api/rows/problems/${row.key}`)
  assert.equal(json.row.state.is, 'assigned')
  assert.deepEqual([json.row.state.post.place, json.row.state.post.role], [story.village.id, 'village'])
  await finish()
})

test('a repeated command gets the first answer, another under its id is refused', async () => {
  const person = await open(browser, server, { expected: ['409'] })
  await signIn(person, account(server, 'office'))
  const id = uuid()
  const command = { type: 'problems.report', place: story.village.id, field: 'road', text: '桥头路面塌了一块', photos: [] }
  const first = await give(person, command, id)
  assert.equal(first.status, 200, first.text)
  const second = await give(person, command, id)
  assert.deepEqual([second.json.subject, second.json.repeated], [first.json.subject, true])
  const other = await give(person, { ...command, text: '另一件事' }, id)
  assert.deepEqual([other.status, other.json.type], [409, '/errors/command-id-reused'])
  await person.finish()
})

test('the wrong person is refused, a stranger 401, another site nothing', async () => {
  const village = await open(browser, server)
  await signIn(village, account(server, 'village'))
  const verify = { type: 'problems.verify_fix', problem: story.problem, note: '看过了', photos: [] }
  assert.equal((await give(village, verify)).status, 403)
  assert.equal((await give(village, { type: 'rules.set', place: story.village.id, rule: 'problems.escalation', value: { answer_days: 1, up_to: 'county' }, from: '2099-01-01', reason: '试' })).status, 403)
  const office = await open(browser, server)
  await signIn(office, account(server, 'office'))
  const others = (await ask(office, '/api/rows/places?level=village&limit=50')).json.rows.filter((r) => r.place.id !== story.village.id)
  await office.finish()
  const foreign = await ask(village, `/api/places/${others[0].place.id}/dossier`)
  const nowhere = await ask(village, `/api/places/${others[0].place.id + 1_000_000_000}/dossier`)
  assert.deepEqual([foreign.status, foreign.text], [nowhere.status, nowhere.text], 'what is out of scope answers like what does not exist')
  assert.equal(foreign.status, 404)
  const withoutHeader = await village.context.request.post('/api/commands', { data: { id: uuid(), command: verify } })
  assert.equal(withoutHeader.status(), 403, 'a request without X-Qianwan may come from another site')
  await village.finish()

  const stranger = await open(browser, server)
  assert.equal((await give(stranger, verify)).status, 401)
  assert.equal((await ask(stranger, '/api/rows/problems')).status, 401)
  await stranger.finish()
})

test('the village finds the cause and claims the fix on a phone', async () => {
  const person = await open(browser, server, { viewport: PHONE, serviceWorkers: 'block' })
  const { page, finish } = person
  await signIn(person, account(server, 'village'), '/field/')
  const sent = await bytes(page)
  await page.goto('/field/')
  await page.locator('h1').first().waitFor()
  await page.waitForLoadState('networkidle')
  assert.ok(sent() <= FIELD_SHELL_BYTES, `${sent()} bytes sent, at most ${FIELD_SHELL_BYTES}`)
  await accessible(page)

  await page.goto(`/field/#/problems/${story.problem}/problems.diagnose`)
  await page.locator('#f-cause').fill('清运车坏了，没有备用车')
  await page.locator('#f-measure').fill('借用邻村的车，明天起每天清运')
  await page.locator('form button[type=submit]').click()
  await state(person, (row) => row.diagnosis !== null)

  await page.goto(`/field/#/problems/${story.problem}/problems.claim_fix`)
  await page.locator('input[type=file]').first().setInputFiles(await photo(browser, 200))
  await page.locator('.shots img').first().waitFor()
  await page.locator('#f-text').fill('桶已清空，地面冲洗过')
  await page.locator('form button[type=submit]').click()
  await state(person, (row) => row.state.is === 'claimed')
  await finish()
})

test('who claimed it cannot verify it; the inspector does', async () => {
  const village = await open(browser, server)
  await signIn(village, account(server, 'village'))
  assert.equal((await give(village, { type: 'problems.verify_fix', problem: story.problem, note: '好了', photos: [] })).status, 403)
  await village.finish()

  const person = await open(browser, server)
  const { page, finish } = person
  await signIn(person, account(server, 'inspector'), `/console/problems/${story.problem}`)
  await page.getByRole('button', { name: words['command.problems.verify_fix'], exact: true }).click()
  await page.locator('form.command textarea').first().fill('到现场看过，桶是空的')
  await page.locator('form.command button[type=submit]').click()
  await state(person, (row) => row.state.is === 'verified')
  await finish()
})

test('the reporter, with nothing but the receipt, says that it is solved', async () => {
  const person = await open(browser, server, { viewport: PHONE, javaScript: false })
  const { page } = person
  await page.goto(story.receipt)
  await page.locator('form button[name=solved][value="1"]').click()
  await page.waitForLoadState()
  assert.match(await page.locator('main').innerText(), new RegExp(words['state.confirmed']))
  await person.finish()

  const office = await open(browser, server)
  await signIn(office, account(server, 'office'))
  await state(office, (row) => row.state.is === 'confirmed')
  // 出处: every step is there, in order, with who did it.
  const { json } = await ask(office, `/api/history/problems/${story.problem}`)
  const kinds = json.facts.map((f) => f.kind.split('@')[0])
  assert.deepEqual(kinds, ['problem.reported', 'problem.assigned', 'problem.diagnosed', 'problem.fix_claimed', 'problem.fix_verified', 'problem.confirmed'])
  assert.ok(json.facts.every((f, i) => i === 0 || f.seq > json.facts[i - 1].seq))
  await office.finish()
})

/** Waits until the problem's row is so. */
async function state(person, holds) {
  let row
  for (let n = 0; n < 60; n++) {
    const { json } = await ask(person, `/api/rows/problems/${story.problem}`)
    row = json.row
    if (row && holds(row)) return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  assert.fail(`the problem stays ${JSON.stringify(row?.state)}`)
}
