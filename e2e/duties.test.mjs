// A task goes down from the county to a township and comes back done; a township head changes and both sides sign; villagers see who answers.
// The tests stand in the order of the story.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, accessible, account, ask, bytes, give, open, photo, settled, signIn, startBrowser, startServer, wording } from './harness.mjs'

const TASK = '年底前完成公厕改造（演示）'
const PUBLIC_PAGE_BYTES = 30_000
let server, browser, words
const story = { county: null, township: null, task: null, part: null, statement: null }

before(async () => {
  words = await wording()
  server = await startServer({ args: ['--years', '1'] })
  browser = await startBrowser()
  const person = await open(browser, server)
  await signIn(person, account(server, 'township'))
  const session = (await ask(person, '/api/session')).json
  story.township = session.posts[0].place
  await person.finish()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const command = (page, type) => page.getByRole('button', { name: words[`command.${type}`], exact: true })
const field = (page, label) => page.locator('form.command').getByLabel(new RegExp(`^${words[label]}`)).first()
const send = (page) => page.locator('form.command button[type=submit]').click()
const recorded = (page) => page.getByText(words['form.recorded']).first().waitFor()

test('the office sets a task and passes it down to a township', async () => {
  const person = await open(browser, server, { viewport: DESK })
  const { page, finish } = person
  await signIn(person, account(server, 'office'), '/console/tasks/new')
  await field(page, 'column.title').fill(TASK)
  await accessible(page)
  await send(page)
  await page.getByRole('heading', { level: 1, name: TASK }).waitFor()
  story.task = new URL(page.url()).pathname.split('/').at(-1)

  await command(page, 'tasks.pass_down').click()
  await page.getByRole('button', { name: words['tasks.take_none'], exact: true }).click()
  await page.getByRole('checkbox', { name: story.township.name, exact: true }).check()
  await accessible(page)
  await page.locator('form.pass button[type=submit]').click()
  await recorded(page)
  const parts = (await ask(person, `/api/rows/tasks?part_of=${story.task}`)).json.rows
  assert.equal(parts.length, 1)
  assert.deepEqual([parts[0].row.set.lead.place, parts[0].row.set.lead.role], [story.township.id, 'township'])
  story.part = parts[0].key
  await page.getByRole('link', { name: story.township.name, exact: true }).first().waitFor()
  await finish()
})

test('the township finds it among what waits, and claims it', async () => {
  // The task above lies outside what a township may see: its page says so, and the browser reports the 404.
  const person = await open(browser, server, { viewport: DESK, expected: [`404 (Not Found) ${server.address}/api/rows/tasks/${story.task}`] })
  const { page, finish } = person
  await signIn(person, account(server, 'township'), '/console/')
  await page.getByRole('heading', { name: words['today.tasks_mine'] }).waitFor()
  await page.getByRole('link', { name: TASK }).first().click()
  await page.getByRole('heading', { level: 1, name: TASK }).waitFor()
  await command(page, 'tasks.claim').click()
  await field(page, 'form.what_was_done').fill('十二座公厕已全部改造，水电接通。')
  await send(page)
  await recorded(page)
  assert.equal((await ask(person, `/api/rows/tasks/${story.part}`)).json.row.state.is, 'claimed')
  await finish()
})

test('the office verifies it, and sees that all parts are done', async () => {
  const person = await open(browser, server, { viewport: DESK })
  const { page, finish } = person
  await signIn(person, account(server, 'office'), `/console/tasks/${story.part}`)
  await command(page, 'tasks.verify').click()
  await field(page, 'column.note').fill('现场抽看四座，均已使用。')
  await send(page)
  await recorded(page)
  await page.goto(`/console/tasks/${story.task}`)
  await page.getByText(words['tasks.parts_done'].replace('{done}', '1').replace('{of}', '1')).waitFor()
  await accessible(page)
  await finish()
})

test('a township head changes: the statement is drawn up and signed for both sides, and can be printed', async () => {
  const person = await open(browser, server, { viewport: DESK })
  const { page, finish } = person
  const key = `${story.township.id}/head`
  await signIn(person, account(server, 'office'), `/console/posts/${key}`)
  const [today, yesterday] = await page.evaluate(async () => { const { today } = await (await fetch('/api/session')).json(); return [today, new Date(Date.parse(`${today}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)] })
  await command(page, 'duties.leave').click()
  await field(page, 'duties.last_day').fill(yesterday)
  await field(page, 'column.reason').fill('工作调动')
  await send(page)
  await recorded(page)
  await command(page, 'duties.take_up').click()
  await page.locator('form.command input[type=search]').fill('虚构人甲')
  await page.getByRole('button', { name: words['pick.official_register'].replace('{name}', '虚构人甲'), exact: true }).click()
  await page.locator('form.command .chosen', { hasText: '虚构人甲' }).waitFor()
  await field(page, 'duties.from').fill(today)
  await send(page)
  await page.getByText(words['duties.since'].replace('{day}', today)).first().waitFor()
  await command(page, 'handovers.draw_up').click()
  await send(page)
  await page.getByRole('link', { name: words['duties.see_statement'] }).click()
  await page.waitForURL(/\/console\/handovers\//)
  story.statement = new URL(page.url()).pathname.split('/').at(-1)
  await accessible(page)
  await command(page, 'handovers.sign').click()
  await field(page, 'duties.side').selectOption('outgoing')
  await field(page, 'duties.in_absence').fill('演示中没有本人账号，由千万办代签')
  await send(page)
  await page.locator('main dl.qw-facts').first().locator('dd').nth(0).locator('b').waitFor()
  // One hand signs once: the other side is signed by somebody else.
  const other = await open(browser, server, { viewport: DESK })
  await signIn(other, account(server, 'head'), `/console/handovers/${story.statement}`)
  await command(other.page, 'handovers.sign').click()
  await field(other.page, 'duties.side').selectOption('incoming')
  await field(other.page, 'duties.in_absence').fill('演示中没有本人账号，由县委书记代签')
  await send(other.page)
  await other.page.locator('main dl.qw-facts').first().locator('dd').nth(1).locator('b').waitFor()
  await other.finish()
  await page.reload()
  await page.getByText(words['handover_state.signed']).first().waitFor()
  const post = (await ask(person, `/api/rows/posts/${key}`)).json.row
  assert.ok(post.handovers.at(-1).outgoing && post.handovers.at(-1).incoming)

  await page.goto(`/handover/${story.statement}`)
  assert.match(await page.locator('dl.signatures').innerText(), new RegExp('代签'))
  await accessible(page)
  await finish()
})

test('villagers see who answers, in both languages, on a light page', async () => {
  for (const language of ['zh-CN', 'en']) {
    const { page, finish } = await open(browser, server, { viewport: PHONE, language, serviceWorkers: 'block' })
    const sent = await bytes(page)
    await page.goto(`/v/${story.township.code}/duties?lang=${language}`)
    assert.ok(await page.locator('ul.duties li').count() > 1)
    assert.ok(await page.getByText(TASK).first().isVisible(), 'what is to be done this year stands there too')
    assert.ok(sent() <= PUBLIC_PAGE_BYTES, `${sent()} bytes sent, at most ${PUBLIC_PAGE_BYTES}`)
    await accessible(page)
    await finish()
  }
})

test('on a phone without network a township says with photos that its part is done; it arrives once, and the office verifies it there', async () => {
  const title = '入冬前疏通村内沟渠（演示）'
  const duty = '辖区内的沟渠全部清淤', text = '三十里沟渠已清淤，淤泥运到堆肥场'
  const office = await open(browser, server, { viewport: PHONE, expected: ['net::ERR', 'Failed to load resource'] })
  await signIn(office, account(server, 'office'), '/field/')
  const { home, posts, today } = (await ask(office, '/api/session')).json
  const lead = { place: posts[0].place.id, role: 'office' }
  const set = await give(office, { type: 'tasks.set', place: home.id, kind: 'target', year: Number(today.slice(0, 4)), title, lead, due: today, quantity: { value: 30, unit: '里' } })
  assert.equal(set.status, 200, set.text)
  const whole = set.json.subject.replace('task:', '')
  const passed = await give(office, { type: 'tasks.pass_down', task: whole, parts: [{ place: story.township.id, lead: { place: story.township.id, role: 'township' }, duty, quantity: { value: 30, unit: '里' } }] })
  assert.equal(passed.status, 200, passed.text)
  const [{ key }] = (await ask(office, `/api/rows/tasks?part_of=${whole}`)).json.rows

  const person = await open(browser, server, { viewport: PHONE, expected: ['net::ERR', 'Failed to load resource', 'Failed to fetch'] })
  const { page, context } = person
  await signIn(person, account(server, 'township'), '/field/')
  await page.locator(`.line[href="#/tasks/${key}"]`).waitFor()
  assert.ok(await page.getByRole('heading', { name: words['list.tasks_mine'], exact: true }).isVisible())
  await page.waitForFunction(() => navigator.serviceWorker.ready.then((r) => r.active.state === 'activated' && navigator.serviceWorker.controller !== null))
  await settled(page, 1000)
  // Never opened before, and the net is gone: what the day's list says is enough.
  await context.setOffline(true)
  await page.locator(`.line[href="#/tasks/${key}"]`).click()
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  assert.ok(await page.getByText(duty).isVisible())
  assert.ok(await page.locator('.facts').getByText(`30 里`).isVisible())
  await accessible(page)
  await page.getByRole('link', { name: words['act.tasks.claim'], exact: true }).click()
  await page.locator('#f-text').fill(text)
  await page.locator('form button[type=submit]').click()
  assert.ok(await page.getByText(words['act.need_number']).isVisible(), 'a target says how much')
  await page.locator('#f-done').fill('30')
  await page.locator('input[type=file]').first().setInputFiles(await photo(browser, 300))
  await page.locator('.shots img').waitFor()
  await accessible(page)
  await page.locator('form button[type=submit]').click()
  await page.getByText(words['problem.queued'].split('}')[1].split('{')[0]).waitFor()
  await page.reload()
  await page.locator('.tab-count').getByText('1').waitFor()
  await page.locator('.tabs a').nth(2).click()
  await page.locator('.acts-waiting').getByText(title).waitFor()
  assert.ok(await page.locator('.acts-waiting').getByText(words['command.tasks.claim']).isVisible())
  assert.ok(await page.locator('.acts-waiting .clock').isVisible(), 'with its age')
  await accessible(page)
  assert.equal((await ask(office, `/api/rows/tasks/${key}`)).json.row.state.is, 'open')

  // The first answer gets lost on the way: it goes again under its id, and counts once.
  let sendings = 0
  await page.route('**/api/commands', async (route) => { sendings++; if (sendings > 1) return route.continue(); await route.fetch(); await route.abort() })
  await context.setOffline(false)
  await page.locator('.queue-do button').click({ timeout: 2000 }).catch(() => {}) // or it has begun by itself
  await page.locator('.acts-waiting').getByText(words['queue.tried']).or(page.locator('.arrived')).first().waitFor()
  await page.locator('.queue-do button').click({ timeout: 2000 }).catch(() => {})
  await page.locator('.arrived').getByText(title).waitFor({ timeout: 40_000 })
  assert.equal(await page.locator('.acts-waiting').count(), 0)
  assert.equal(sendings, 2)
  const { facts } = (await ask(office, `/api/history/tasks/${key}`)).json
  assert.deepEqual(facts.map((f) => f.kind.split('@')[0]), ['task.set', 'task.claimed'])
  const { claim } = (await ask(office, `/api/rows/tasks/${key}`)).json.row.state
  assert.deepEqual([claim.text, claim.done, claim.photos.length], [text, 30, 1])
  await page.locator('.arrived a').first().click()
  await page.getByRole('heading', { name: words['task.claimed'], exact: true }).waitFor()
  await person.finish()

  await office.page.goto(`/field/#/tasks/${whole}`)
  await office.page.getByText(words['task.parts_done'].replace('{done}', '0').replace('{of}', '1')).waitFor()
  await office.page.locator(`.line[href="#/tasks/${key}"]`).click()
  await office.page.locator('.block .photos img').waitFor()
  await accessible(office.page)
  await office.page.getByRole('link', { name: words['act.tasks.verify'], exact: true }).click()
  await office.page.getByText(text).waitFor()
  await office.page.locator('#f-note').fill('走了全程，沟底见硬底')
  await office.page.locator('#f-done').fill('30')
  await office.page.locator('form button[type=submit]').click()
  await office.page.locator('.qw-state-confirmed').first().waitFor()
  assert.equal((await ask(office, `/api/rows/tasks/${key}`)).json.row.state.is, 'verified')
  await office.finish()
})
