// A task goes down from the county to a township and comes back done; a township head changes and both sides sign; villagers see who answers.
// The tests stand in the order of the story.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, accessible, account, ask, bytes, open, signIn, startBrowser, startServer, wording } from './harness.mjs'

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
