// Survey forms in the field app: filled with the server dead and the browser offline, reload included, and sent when the net is
// back; nothing is let go of before the server has said 201. Against the field app's own mock, which keeps what arrives.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import { PHONE, accessible, account, ask as ask_, give, open, photo, settled, signIn, startBrowser, startServer, wording } from './harness.mjs'
import { createMock } from '../field/dev/mock.mjs'

const XML = readFileSync(new URL('../demo/forms/village_look_demo.xml', import.meta.url))
let browser, words, mock = null, server
before(async () => { ;[browser, words] = await Promise.all([startBrowser(), wording()]) })
beforeEach(async () => {
  await mock?.stop().catch(() => {})
  mock = createMock()
  mock.forms.push({ form: 'village_look_demo', version: '2026112501', title: '村庄人居环境调查（演示）', xml: XML, known: [{ path: '/data/village/households', value: '118', on: '2026-11-01' }] })
  server = { address: `http://127.0.0.1:${await mock.start(0)}` }
})
after(async () => { await browser?.close(); await mock?.stop().catch(() => {}) })

const DEAD = ['net::ERR', 'Failed to load resource', 'Failed to fetch']
async function arrive(who = 'shen') {
  const person = await open(browser, server, { viewport: PHONE, expected: DEAD })
  await person.context.grantPermissions(['geolocation'])
  await person.context.setGeolocation({ latitude: 30.5221, longitude: 119.6013, accuracy: 8 })
  await person.context.addCookies([{ name: 'qw_lang', value: 'zh-CN', url: server.address }, { name: 'qw_session', value: who, url: server.address }])
  await person.page.goto('/field/')
  await person.page.locator('.kept').waitFor()
  return person
}
const kept = (page) => page.waitForFunction(() => navigator.serviceWorker.ready.then((r) => r.active.state === 'activated' && navigator.serviceWorker.controller !== null))
const die = async (person) => { await person.context.setOffline(true); await mock.stop() }
const revive = async (person) => { await mock.start(); await person.context.setOffline(false) }
const fill = (text, args) => text.replace(/\{(\w+)\}/g, (_, k) => args[k])
const ask = (page, words) => page.locator('.ask', { has: page.locator('.ask-words', { hasText: words }) })
async function toForms(page) {
  await page.getByRole('link', { name: words['form.list'], exact: true }).click()
  await page.getByText(words['form.all_here']).waitFor()
}

test('a form is filled without server and net, survives a reload, and arrives once with all its photos', async () => {
  const person = await arrive(), { page } = person
  await kept(page)
  await toForms(page)
  await accessible(page)
  await settled(page, 800)
  await die(person)

  await page.locator('.lines a').first().click()
  await page.getByRole('heading', { level: 1, name: '村庄人居环境调查（演示）' }).waitFor()
  await page.locator('form.form').waitFor()
  await accessible(page)
  // What is on record already is filled in beforehand, and said to be.
  await page.getByText(words['form.known'].replace('{n}', '1').replace('{day}', '2026-11-01')).waitFor()
  assert.equal(await ask(page, '常住户数').locator('input').inputValue(), '118')
  await ask(page, '村名').locator('input').fill('上坞村')
  // What is wrong is said at its question, in the form's own words, and what depends on it is counted again.
  await ask(page, '常住户数').locator('input').fill('0')
  await page.getByText('户数应在 1 到 4999 之间').waitFor()
  await ask(page, '常住户数').locator('input').fill('120')
  await ask(page, '已改厕户数').locator('input').fill('121')
  await page.getByText('不能多于常住户数').waitFor()
  await ask(page, '已改厕户数').locator('input').fill('114')
  await page.locator('.form-note', { hasText: '改厕率 95%' }).waitFor()
  await ask(page, '村委会位置').getByRole('button', { name: words['form.geo_here'] }).click()
  await page.getByText('30.52210, 119.60130').waitFor()
  await ask(page, '看到哪些问题').getByLabel('污水').check()
  assert.equal(await ask(page, '其他问题').count(), 0)
  await ask(page, '看到哪些问题').getByLabel('其他').check()
  await ask(page, '其他问题').locator('input').fill('古树围栏破损')
  assert.ok(await page.getByText(words['form.not_answered']).first().isVisible(), 'a knob that was not touched is no answer')
  await ask(page, '整洁程度').locator('input').fill('4')
  await ask(page, '有没有保洁员').getByLabel('有', { exact: true }).check()
  await ask(page, '村口照片').locator('input[type=file]').first().setInputFiles(await photo(browser, 120))
  await ask(page, '村口照片').locator('img').waitFor()
  await page.getByRole('button', { name: words['form.add'] }).click()
  const parts = page.locator('.form-part')
  assert.equal(await parts.count(), 2)
  await parts.nth(0).locator('.ask', { hasText: '什么问题' }).locator('input').fill('井盖破损')
  await parts.nth(0).locator('input[type=date]').fill('2026-11-01')
  await parts.nth(0).locator('input[type=file]').first().setInputFiles(await photo(browser, 200))
  await parts.nth(0).locator('img').waitFor()
  await page.getByText(words['form.saved']).waitFor()
  await accessible(page)

  // The phone kills the page, the net is still away.
  await settled(page, 500)
  const address = page.url()
  await page.reload()
  await page.locator('form.form').waitFor()
  assert.equal(page.url(), address)
  assert.equal(await ask(page, '村名').locator('input').inputValue(), '上坞村')
  assert.equal(await ask(page, '常住户数').locator('input').inputValue(), '120')
  assert.ok(await ask(page, '看到哪些问题').getByLabel('污水').isChecked())
  await ask(page, '村口照片').locator('img').waitFor()
  await parts.nth(0).locator('img').waitFor()
  assert.equal(await parts.count(), 2)

  // The second spot lacks its words: not sent, and led to it.
  await page.getByRole('button', { name: words['form.send'], exact: true }).click()
  await page.getByText(fill(words['form.wrong'], { n: 1 })).waitFor()
  await accessible(page)
  await parts.nth(1).locator('.ask', { hasText: '什么问题' }).locator('input').fill('路灯不亮')
  await page.getByRole('button', { name: words['form.send'], exact: true }).click()
  await page.getByRole('heading', { level: 1, name: fill(words['queue.title'], { n: 1 }) }).waitFor()
  await page.getByText(fill(words['queue.files'], { n: 2, up: 0 })).waitFor()
  assert.ok(await page.locator('.acts-waiting .clock').isVisible(), 'with its age')
  await page.reload()
  await page.locator('.acts-waiting').getByText('村庄人居环境调查（演示）').waitFor()
  assert.equal(mock.submissions.size, 0)

  // The first answer is lost on its way: it is sent again and counts once.
  mock.control.loseAnswer = true
  await revive(person)
  await page.locator('.queue-do button').click({ timeout: 2000 }).catch(() => {}) // or it has begun by itself
  for (let i = 0; i < 10 && (await page.locator('.arrived').count()) === 0; i++) { await page.locator('.queue-do button').click({ timeout: 1500 }).catch(() => {}); await page.waitForTimeout(500) }
  await page.locator('.arrived').getByText('村庄人居环境调查（演示）').waitFor()
  assert.equal(await page.locator('.acts-waiting').count(), 0)
  assert.equal(mock.submissions.size, 1)
  const [[id, got]] = [...mock.submissions]
  assert.match(id, /^uuid:[0-9a-f-]{36}$/)
  assert.equal(got.times, 3, 'two files, the first part twice')
  assert.equal(got.complete, true)
  const value = (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(got.xml)?.[1]
  assert.deepEqual(['village_name', 'households', 'toilets', 'share', 'kinds', 'other', 'clean', 'keeper'].map(value), ['上坞村', '120', '114', '95', 'sewage other', '古树围栏破损', '4', 'yes'])
  assert.match(value('gps'), /^30\.5221 119\.6013 /)
  assert.equal(got.xml.match(/<spot>/g).length, 2)
  assert.match(got.xml, /version="2026112501"/)
  assert.deepEqual([...got.files.keys()].sort(), [value('entrance'), value('shot')].sort())
  for (const bytes of got.files.values()) assert.equal(bytes.readUInt16BE(0), 0xffd8, 'a JPEG')
  await person.finish()
})

test('what the server refuses stays, with the reason, and may be sent again; a draft of another person is not shown', async () => {
  const person = await arrive(), { page } = person
  await kept(page)
  await toForms(page)
  await page.locator('.lines a').first().click()
  await ask(page, '村名').locator('input').fill('石门村')
  await page.getByText(words['form.saved']).waitFor()
  await settled(page, 300)
  await page.locator('.back').click()
  await page.getByText(fill(words['form.drafts'], { n: 1 })).waitFor()
  await accessible(page)
  await page.getByRole('link', { name: words['form.go_on'] }).click()
  await ask(page, '常住户数').locator('input').fill('80')
  await ask(page, '有没有保洁员').getByLabel('没有', { exact: true }).check()
  await ask(page, '村口照片').locator('input[type=file]').first().setInputFiles(await photo(browser, 20))
  await ask(page, '村口照片').locator('img').waitFor()
  await page.locator('.form-part').getByRole('button', { name: fill(words['form.remove'], { n: 1 }) }).click()
  await page.getByRole('button', { name: words['form.remove_yes'], exact: true }).click()
  assert.equal(await page.locator('.form-part').count(), 0)
  mock.control.refuseNext = { status: 404, title: '这张表已停止收集' }
  await page.getByRole('button', { name: words['form.send'], exact: true }).click()
  await page.getByText('这张表已停止收集').waitFor()
  assert.equal(mock.submissions.size, 0)
  assert.equal(await page.locator('.act-refused').count(), 1)
  await accessible(page)
  await page.getByRole('button', { name: words['queue.again'], exact: true }).click()
  await page.locator('.arrived').getByText('村庄人居环境调查（演示）').waitFor()
  assert.equal(mock.submissions.size, 1)
  await page.goto('/field/#/forms')
  await page.locator('.lines a').first().waitFor()
  assert.equal(await page.getByRole('link', { name: words['form.go_on'] }).count(), 0, 'sent is no draft any more')
  await person.finish()
})

test('where one is assigned to go stands first, opens without the net, and is handed in for that village', async () => {
  const place = (id, name) => ({ place: { id, name, path: ['云岭镇', name] }, submissions: 0, last: null })
  const form = { form: 'f0', place: 1, xml: '/api/forms/f0/versions/1/xml', version: { file: createHash('sha256').update(XML).digest('hex'), head: { form_id: 'village_look_demo', version: '2026112501', title: '村庄人居环境调查（演示）', files: [] } } }
  mock.campaigns.push({ campaign: 'c1', title: '冬季走访（演示）', from: '2026-01-01', until: '2099-12-31', form, villages: [place(990101100201, '上坞村'), { ...place(990101100202, '下坞村'), submissions: 2, last: '2026-11-20' }], more: 0, closed_to_me: 0 })
  const person = await arrive(), { page } = person
  await kept(page)
  await toForms(page)
  await page.getByText(fill(words['form.still_to_go'], { n: 1, of: 2 })).waitFor()
  assert.equal(await page.locator('.lines a').first().locator('b').innerText(), '上坞村', 'before the list of forms, and before what is visited')
  await accessible(page)
  await settled(page, 800)
  await die(person)
  await page.reload()
  await page.locator('.villages a').first().click()
  await page.getByText('上坞村', { exact: true }).waitFor()
  await ask(page, '村名').locator('input').fill('上坞村')
  await ask(page, '常住户数').locator('input').fill('80')
  await ask(page, '已改厕户数').locator('input').fill('60')
  await ask(page, '有没有保洁员').getByLabel('没有', { exact: true }).check()
  await ask(page, '村口照片').locator('input[type=file]').first().setInputFiles(await photo(browser, 60))
  await ask(page, '村口照片').locator('img').waitFor()
  await page.locator('.form-part').getByRole('button', { name: fill(words['form.remove'], { n: 1 }) }).click()
  await page.getByRole('button', { name: words['form.remove_yes'], exact: true }).click()
  await page.getByRole('button', { name: words['form.send'], exact: true }).click()
  await page.locator('.acts-waiting').waitFor()
  await page.goto('/field/#/forms')
  await page.getByText(words['form.waits']).waitFor()
  await revive(person)
  await page.goto('/field/#/queue')
  await page.locator('.arrived').getByText('村庄人居环境调查（演示）').waitFor()
  assert.deepEqual([...mock.submissions.values()].map((s) => s.place), ['990101100201'])
  await person.finish()
})

test('against the real server: the office uploads a workbook and publishes it, a township fills it, the answers are there with their photo', async () => {
  const real = await startServer()
  try {
    const office = await open(browser, real)
    await signIn(office, account(real, 'office'))
    const { home } = (await ask_(office, '/api/session')).json
    const upload = await office.context.request.post(`/api/forms?place=${home.id}&name=village_look_demo.xlsx`, { headers: { 'X-Qianwan': '1', 'Content-Type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }, data: readFileSync(new URL('../demo/forms/village_look_demo.xlsx', import.meta.url)) })
    const made = await upload.json()
    assert.equal(upload.status(), 200, JSON.stringify(made))
    assert.equal(made.version.head.form_id, 'village_look_demo')
    const published = await give(office, { type: 'surveys.publish', form: made.form, version: made.version.head.version })
    assert.equal(published.status, 200, published.text)

    const person = await open(browser, real, { viewport: PHONE, expected: DEAD })
    await signIn(person, account(real, 'township'), '/field/')
    const { page } = person
    await page.locator('.kept').waitFor()
    await toForms(page)
    // The county has forms of its own.
    await page.locator('.lines a', { hasText: '村庄人居环境调查（演示）' }).first().click()
    await ask(page, '村名').locator('input').fill('演示村')
    await ask(page, '常住户数').locator('input').fill('80')
    await ask(page, '已改厕户数').locator('input').fill('60')
    await page.locator('.form-note', { hasText: '改厕率 75%' }).waitFor()
    await ask(page, '有没有保洁员').getByLabel('没有', { exact: true }).check()
    await ask(page, '村口照片').locator('input[type=file]').first().setInputFiles(await photo(browser, 60))
    await ask(page, '村口照片').locator('img').waitFor()
    await page.locator('.form-part').getByRole('button', { name: fill(words['form.remove'], { n: 1 }) }).click()
    await page.getByRole('button', { name: words['form.remove_yes'], exact: true }).click()
    await page.getByRole('button', { name: words['form.send'], exact: true }).click()
    await page.locator('.arrived').getByText('村庄人居环境调查（演示）').waitFor()
    await person.finish()

    const { rows } = (await ask_(office, `/api/rows/submissions?form=${made.form}`)).json
    assert.equal(rows.length, 1)
    const told = (await ask_(office, `/api/submissions/${rows[0].key}`)).json
    assert.equal(told.submission.files.length, 1)
    const value = (end) => told.answers.find((a) => a.path.endsWith(end))?.text
    assert.deepEqual(['/village_name', '/households', '/share', '/keeper'].map(value), ['演示村', '80', '75', 'no'])
    await office.finish()
  } finally { await real.stop() }
})
