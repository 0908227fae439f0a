// A villager leaves a telephone to be called back; the office sees it masked, in full for a reason, and it goes when the villager says so.
// The tests stand in the order of the story.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { DESK, PHONE, accessible, account, ask, open, signIn, startBrowser, startServer, wording } from './harness.mjs'

const WHAT = '桥头护栏松动，想请人看看（演示）'
const NAME = '某村民', NUMBER = '13800005678'
let server, browser, words
const story = { code: null, page: null, problem: null, person: null }

before(async () => {
  words = await wording()
  server = await startServer({ args: ['--years', '1'] })
  browser = await startBrowser()
  const person = await open(browser, server)
  await signIn(person, account(server, 'village'))
  const { place } = (await ask(person, '/api/session')).json.posts[0]
  story.code = (await ask(person, `/api/rows/places/${place.id}`)).json.row.code
  await person.finish()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})
const clean = (text) => assert.ok(!text.includes(NAME) && !text.includes(NUMBER), text.slice(0, 300))

test('a villager reports, is warned of a number in the words, and leaves a telephone where it belongs', async () => {
  const person = await open(browser, server, { viewport: PHONE, javaScript: false })
  const { page, finish } = person
  await page.goto(`/v/${story.code}/report`)
  await page.locator('input[name=field][value=road]').check()
  await page.locator('textarea[name=words]').fill(`${WHAT}，电话${NUMBER}`)
  await page.locator('form button[type=submit]').click()
  await page.getByText(words['public.numbers'], { exact: true }).waitFor()
  await page.locator('textarea[name=words]').fill(WHAT)
  await page.getByLabel(words['person.name']).fill(NAME)
  await page.getByLabel(words['person.telephone']).fill(NUMBER)
  // What may be the same is shown once; then it is sent.
  await page.locator('form button[type=submit]').click()
  if (!page.url().includes('/p/')) await page.locator('form button[type=submit]').click()
  await page.waitForURL(/\/p\//)
  story.page = page.url()
  story.problem = new URL(page.url()).pathname.split('/')[2]
  const told = await page.locator('main').innerText()
  clean(told)
  assert.match(told, /138\*{4}5678/)
  // Without the receipt there is no contact at all.
  await page.goto(new URL(`/p/${story.problem}`, server.address).href)
  assert.ok(!(await page.locator('main').innerText()).includes('138****5678'))
  await finish()
})

test('the office sees the mask, and all of it only after saying why', async () => {
  const person = await open(browser, server, { viewport: DESK, expected: ['409'] })
  const { page, finish } = person
  await signIn(person, account(server, 'office'), `/console/problems/${story.problem}`)
  const box = page.getByRole('region', { name: words['persons.contact'] })
  await box.getByText('138****5678').waitFor()
  clean(await page.locator('main').innerText())
  await accessible(page)
  await box.getByRole('button', { name: words['persons.unmask'] }).click()
  assert.ok(await box.getByRole('textbox').evaluate((e) => e === document.activeElement), 'the reason is where one types next')
  await accessible(page)
  await box.getByRole('textbox').fill('看看')
  await box.getByRole('button', { name: words['persons.unmask'] }).click()
  await box.getByRole('alert').waitFor()
  clean(await page.locator('main').innerText())
  await box.getByRole('textbox').fill('回访核实情况')
  await box.getByRole('button', { name: words['persons.unmask'] }).click()
  await box.getByText(NUMBER).waitFor()
  await box.getByText(NAME).waitFor()
  story.person = (await ask(person, `/api/rows/problems/${story.problem}`)).json.row.contact
  const { facts } = (await ask(person, `/api/history/persons/${story.person}`)).json
  assert.deepEqual(facts.map((f) => f.kind), ['person.left@1', 'person.unmasked@1'])
  assert.equal(facts[1].body.reason, '回访核实情况')
  clean(JSON.stringify(facts))

  const download = page.waitForEvent('download')
  await box.getByRole('button', { name: words['persons.export'] }).click()
  await box.getByRole('textbox').fill('本人申请查阅自己的资料')
  await box.getByRole('button', { name: words['persons.export'] }).click()
  const held = JSON.parse(await readFile(await (await download).path(), 'utf8'))
  assert.deepEqual([held.particulars.telephone, held.digest_agrees, held.demo], [NUMBER, true, true])
  // Whoever comes back to the page sees the mask again.
  await page.reload()
  await box.getByText('138****5678').waitFor()
  clean(await page.locator('main').innerText())
  await finish()
})

test('the village committee sees the mask alone, the inspector no more', async () => {
  for (const role of ['village', 'inspector']) {
    const person = await open(browser, server, { expected: ['403'] })
    await signIn(person, account(server, role), `/console/problems/${story.problem}`)
    const box = person.page.getByRole('region', { name: words['persons.contact'] })
    await box.getByText('138****5678').waitFor()
    assert.equal(await box.getByRole('button', { name: words['persons.unmask'] }).count(), 0)
    const asked = await ask(person, `/api/persons/${story.person}/unmask`, { method: 'POST', body: { reason: '回访核实情况' } })
    assert.equal(asked.status, 403)
    clean(asked.text)
    await person.finish()
  }
})

test('the villager takes it back, and nobody sees it again', async () => {
  const person = await open(browser, server, { viewport: PHONE })
  await person.page.goto(story.page)
  await accessible(person.page)
  await person.page.getByRole('button', { name: words['public.erase_contact'] }).click()
  await person.page.getByText(words['person.erased'], { exact: true }).waitFor()
  await person.finish()

  const office = await open(browser, server)
  await signIn(office, account(server, 'office'), `/console/problems/${story.problem}`)
  const box = office.page.getByRole('region', { name: words['persons.contact'] })
  await box.getByText(words['because.own']).waitFor()
  assert.equal(await box.getByRole('button', { name: words['persons.unmask'] }).count(), 0)
  assert.ok(!(await box.innerText()).includes('138****5678'))
  await office.finish()
})
