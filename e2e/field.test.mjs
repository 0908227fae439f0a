// The field app in a phone's browser: signing in, the day, a report made while the server is dead, and how it gets there.
// Against its own mock (field/dev/mock.mjs), which counts commands by id; with QW_URL=http://… QW_NAME=… QW_PASSWORD=… (somebody
// of a village) the same journey runs against a real server, and what only a mock can do is left out.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { PHONE, accessible, open, signIn, startBrowser, wording } from './harness.mjs'
import { createMock } from '../field/dev/mock.mjs'

const REAL = process.env.QW_URL
let browser, words, mock = null, server
before(async () => { ;[browser, words] = await Promise.all([startBrowser(), wording()]) })
beforeEach(async () => {
  await mock?.stop().catch(() => {})
  if (!REAL) mock = createMock()
  server = { address: REAL ?? `http://127.0.0.1:${await mock.start(0)}` }
})
after(async () => { await browser?.close(); await mock?.stop().catch(() => {}) })

const DEAD = ['net::ERR', 'Failed to load resource', 'Failed to fetch'] // what a browser says of a dead server and of a refusal
const someone = (more = {}) => open(browser, server, { viewport: PHONE, expected: DEAD, ...more })
async function arrive(person, who = 'shen', language = 'zh-CN') {
  await person.context.addCookies([{ name: 'qw_lang', value: language, url: server.address }])
  if (REAL) await signIn(person, { name: process.env.QW_NAME, password: process.env.QW_PASSWORD }, '/field/')
  else { await person.context.addCookies([{ name: 'qw_session', value: who, url: server.address }]); await person.page.goto('/field/') }
  await person.page.locator('.kept').waitFor()
}
const kept = (page) => page.waitForFunction(() => navigator.serviceWorker.ready.then((r) => r.active.state === 'activated' && navigator.serviceWorker.controller !== null))
const die = async (person) => { await person.context.setOffline(true); await mock?.stop() }
const revive = async (person) => { await mock?.start(); await person.context.setOffline(false) }
const tab = (page, name) => page.locator('.tabs a').nth(['today', 'report', 'queue', 'me'].indexOf(name)).click()
const fill = (text, args) => text.replace(/\{(\w+)\}/g, (_, k) => args[k])
const key = (text) => [...mock.problems].find(([, r]) => r.text.includes(text))[0]

/** A camera's photo: 2400 × 1600 pixels lying on their side (orientation 6), taken on a morning. */
async function cameraPhoto() {
  const page = await browser.newPage()
  const base64 = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 2400, height: 1600 }), pen = canvas.getContext('2d')
    for (let i = 0; i < 60; i++) { pen.fillStyle = `hsl(${i * 6} 40% 50%)`; pen.fillRect(i * 40, 0, 40, 1600) }
    return canvas.toDataURL('image/jpeg', 0.9).split(',')[1]
  })
  await page.close()
  const jpeg = Buffer.from(base64, 'base64'), tiff = Buffer.alloc(80)
  tiff.write('II*\0', 'latin1'); tiff.writeUInt32LE(8, 4)
  tiff.writeUInt16LE(2, 8); tiff.writeUInt16LE(0x112, 10); tiff.writeUInt16LE(3, 12); tiff.writeUInt32LE(1, 14); tiff.writeUInt16LE(6, 18)
  tiff.writeUInt16LE(0x8769, 22); tiff.writeUInt16LE(4, 24); tiff.writeUInt32LE(1, 26); tiff.writeUInt32LE(38, 30)
  tiff.writeUInt16LE(1, 38); tiff.writeUInt16LE(0x9003, 40); tiff.writeUInt16LE(2, 42); tiff.writeUInt32LE(20, 44); tiff.writeUInt32LE(56, 48); tiff.write('2026:11:23 09:12:30\0', 56, 'latin1')
  const head = Buffer.from([0xff, 0xe1, 0, tiff.length + 8, 0x45, 0x78, 0x69, 0x66, 0, 0])
  return { name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer: Buffer.concat([jpeg.subarray(0, 2), head, tiff, jpeg.subarray(2)]) }
}
function sizeOf(jpeg) {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) if (jpeg[at + 1] === 0xc0 || jpeg[at + 1] === 0xc2) return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7) }
}
async function report(page, text, { photo = null } = {}) {
  await tab(page, 'report')
  await page.locator('.place-now b').waitFor()
  await page.locator('.tile').first().click()
  await page.locator('#text').fill(text)
  if (photo) { await page.locator('input[type=file]').first().setInputFiles(photo); await page.locator('.shots img').waitFor() }
  await page.locator('form button[type=submit]').click()
  await page.locator('.acts-waiting, .arrived').first().waitFor()
}

test('a stranger is led to the sign-in page', async () => {
  const { page, finish } = await someone()
  await page.goto('/field/')
  const link = page.getByRole('link', { name: words['signin.do'], exact: true })
  await link.waitFor()
  assert.equal(await link.getAttribute('href'), '/login?next=%2Ffield%2F')
  await accessible(page)
  await finish()
})

test('the day: the most urgent first, each problem once, all in reach', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, finish } = person
  await arrive(person, 'zhou')
  // On a busy machine the list comes a moment after the page.
  await page.locator('h1', { hasText: '9 件事等您办，1 件逾期' }).waitFor()
  assert.deepEqual(await page.locator('.group h2').allInnerTexts(), ['逾期', '退回重办', '要核实', '我要整改', '要受理'])
  const keys = await page.locator('.line').evaluateAll((all) => all.map((a) => a.hash))
  assert.equal(new Set(keys).size, keys.length)
  const small = await page.locator('a:visible, button:visible').evaluateAll((all) => all.filter((e) => e.className !== 'qw-skip' && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML))
  assert.deepEqual(small, [])
  assert.ok(await page.getByText(words['programme.demo']).isVisible())
  await finish()
})

test('reported with a photo while the server is dead; reloaded; the server is back; it arrives exactly once', async () => {
  const person = await someone()
  const { page, finish } = person
  await arrive(person)
  await tab(page, 'report')
  await page.locator('.place-now b').waitFor()
  const village = await page.locator('.place-now b').innerText()
  await kept(page)
  const text = `桥头护栏缺了六米 ${Date.now()}`
  await die(person)
  await report(page, text, { photo: await cameraPhoto() })
  assert.equal(await page.locator('h1').innerText(), fill(words['queue.title'], { n: 1 }))
  await page.reload()
  await page.locator('.acts-waiting').getByText(text).waitFor()
  assert.ok(await page.locator('.acts-waiting').getByText(village).isVisible())
  assert.equal(await page.locator('.tab-count').innerText(), '1')
  await accessible(page)
  await tab(page, 'today')
  await page.locator('.kept-old').waitFor() // what was loaded before is there, with its age
  assert.ok(await page.locator('.waiting').isVisible())
  await page.goto('/field/#/queue')

  await revive(person)
  await page.locator('.queue-do button').click({ timeout: 2000 }).catch(() => {}) // or it has begun by itself
  await page.locator('.arrived').getByText(text).waitFor()
  assert.equal(await page.locator('.acts-waiting').count(), 0)
  if (mock) {
    assert.deepEqual([...mock.given.values()].map((g) => [g.command.type, g.command.text, g.times]), [['problems.report', text, 1]])
    assert.equal(mock.files.size, 1)
    const [sent] = mock.files.values()
    assert.deepEqual(sizeOf(sent), { width: 1067, height: 1600 }, 'upright and at most 1600 pixels')
    assert.ok(sent.subarray(0, 200).includes('2026:11:23 09:12:30'), 'it still says when it was taken')
    assert.equal(sent.readUInt16LE(2 + 10 + 18), 1, 'and that it stands upright')
  }
  // Sending again what is not there any more does nothing.
  await page.reload()
  await page.locator('.arrived').waitFor()
  if (mock) assert.equal(mock.given.size, 1)
  await page.locator('.arrived a').first().click()
  await page.locator('.words').getByText(text).waitFor()
  await finish()
})

test('an answer that got lost: sent again under the same id, counted once', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, finish } = person
  await arrive(person)
  mock.control.loseAnswer = true
  const before = mock.problems.size
  await report(page, '路灯不亮')
  await page.getByText(words['queue.tried']).waitFor()
  await page.locator('.queue-do button').click()
  await page.locator('.arrived').waitFor()
  assert.deepEqual([...mock.given.values()].map((g) => g.times), [2])
  assert.equal(mock.problems.size, before + 1)
  await finish()
})

test('a refusal is shown in its words; it is mended and sent, another is discarded on purpose', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, finish } = person
  await arrive(person)
  for (const text of ['公厕没有水', '垃圾屋满了']) {
    mock.control.refuseNext = { status: 409, type: 'problems/place-closed', title: '上坞村已撤并', detail: '请改报到并入的村。' }
    await report(page, text)
    await page.locator('.act-refused').getByText(text).waitFor()
  }
  assert.equal(await page.locator('.act-refused .qw-refusal').first().innerText(), '上坞村已撤并')
  await accessible(page)
  await page.getByRole('link', { name: words['queue.edit'] }).first().click()
  await page.locator('#text').waitFor()
  await page.waitForFunction(() => document.querySelector('#text').value !== '')
  await page.locator('#text').fill('公厕没有水，已三天')
  await page.locator('form button[type=submit]').click()
  await page.locator('.arrived').getByText('公厕没有水，已三天').waitFor()
  // What arrived is told at once; it leaves the list of what waits with the next drawing.
  await page.waitForFunction(() => document.querySelectorAll('.acts-waiting > li').length === 1)
  await page.getByRole('button', { name: words['queue.discard'], exact: true }).click()
  await page.getByRole('button', { name: words['queue.discard_yes'] }).click()
  await page.locator('.acts-waiting').waitFor({ state: 'detached' })
  assert.deepEqual([...mock.given.values()].map((g) => g.command.text), ['公厕没有水，已三天'])
  await finish()
})

test('cause and fix, without network, on a problem never opened before; sent in order', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, finish } = person
  await arrive(person)
  await kept(page)
  await die(person)
  const id = key('十二盏路灯')
  await page.locator(`.line[href="#/problems/${id}"]`).click()
  await page.getByRole('link', { name: words['act.problems.diagnose'] }).click()
  await page.locator('#f-cause').fill('控制箱进水')
  await page.locator('#f-measure').fill('换箱')
  await page.locator('form button[type=submit]').click()
  await page.getByRole('link', { name: words['act.problems.claim_fix'] }).click()
  await page.locator('form button[type=submit]').click()
  assert.ok(await page.getByText(words['act.need_photo']).isVisible(), 'a claim needs a photo')
  await page.locator('input[type=file]').first().setInputFiles(await cameraPhoto())
  await page.locator('.shots img').waitFor()
  await page.locator('#f-text').fill('十二盏都亮了')
  await page.locator('form button[type=submit]').click()
  await page.locator('.tab-count').getByText('2').waitFor()
  await revive(person)
  await page.locator('.qw-state-claimed').waitFor({ timeout: 40_000 })
  assert.deepEqual([...mock.given.values()].map((g) => [g.command.type, g.times]), [['problems.diagnose', 1], ['problems.claim_fix', 1]])
  await finish()
})

test('nobody sends in the name of another', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, context, finish } = person
  await arrive(person, 'shen')
  await kept(page)
  await die(person)
  await report(page, '公厕漏水')
  await context.addCookies([{ name: 'qw_session', value: 'zhou', url: server.address }])
  await revive(person)
  await page.reload()
  await page.getByText(fill(words['queue.other'], { who: '沈小满' })).waitFor()
  assert.equal(mock.given.size, 0)
  await context.addCookies([{ name: 'qw_session', value: 'shen', url: server.address }])
  await page.reload()
  await page.locator('.arrived').getByText('公厕漏水').waitFor()
  assert.deepEqual([...mock.given.values()].map((g) => g.times), [1])
  await finish()
})

test('the sign-in ended: the queue stays and says so', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, context, finish } = person
  await arrive(person)
  await context.clearCookies({ name: 'qw_session' })
  await report(page, '水井盖破了')
  await page.getByRole('link', { name: words['queue.sign_in'] }).waitFor()
  await page.reload()
  await page.locator('.acts-waiting').getByText('水井盖破了').waitFor()
  await accessible(page)
  await finish()
})

test('what is being typed survives a killed page; the report can be given with the keyboard alone', async () => {
  const person = await someone()
  const { page, context, finish } = person
  await arrive(person)
  await page.goto('/field/#/report')
  await page.locator('.place-now b').waitFor()
  await page.locator('.tile input').first().focus()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Tab')
  await page.keyboard.type('路面塌了一块')
  await page.waitForTimeout(200)
  await page.close()
  const again = await context.newPage()
  await again.goto('/field/#/report')
  await again.waitForFunction(() => document.querySelector('#text')?.value === '路面塌了一块')
  assert.equal(await again.locator('.tile input:checked').inputValue(), 'sewage')
  assert.ok(await again.getByText(words['report.draft']).isVisible())
  if (mock) {
    await again.locator('#text').focus()
    for (let i = 0; i < 9 && !(await again.locator('form button[type=submit]:focus').count()); i++) await again.keyboard.press('Tab')
    await again.keyboard.press('Enter')
    await again.locator('.arrived').getByText('路面塌了一块').waitFor()
  }
  await finish()
})

test('duplicates near by are shown before sending', async (t) => {
  if (REAL) return t.skip()
  const person = await someone()
  const { page, finish } = person
  await arrive(person)
  await tab(page, 'report')
  await page.locator('.tile').nth(1).click()
  await page.locator('.twins').waitFor() // in the same village, before the position is known
  await page.getByRole('button', { name: words['gps.do'] }).click()
  await page.getByText(fill(words['gps.accuracy'], { m: 8 })).waitFor()
  await page.locator('.twins').getByText(fill(words['distance.m'], { n: 0 })).waitFor()
  assert.ok(await page.getByRole('button', { name: words['report.send_anyway'] }).isVisible())
  await finish()
})

// On the real server axe.test.mjs does it, on every screen.
if (mock) for (const language of ['zh-CN', 'en']) for (const theme of ['light', 'dark']) {
  test(`every page is accessible: ${language}, ${theme}`, async () => {
    const person = await someone({ language })
    const { page, finish } = person
    await page.emulateMedia({ colorScheme: theme })
    await arrive(person, 'zhou', language)
    assert.equal(await page.locator('html').getAttribute('lang'), language)
    const pages = ['#/', '#/report', '#/queue', '#/me', ...(mock ? [`#/list/to_triage`, ...['井盖', '冲水阀', '水压', '塌方'].map((t) => `#/problems/${key(t)}`), ...[['水压', 'assign'], ['水压', 'dismiss'], ['井盖', 'diagnose'], ['井盖', 'claim_fix'], ['冲水阀', 'verify_fix'], ['冲水阀', 'reject_fix'], ['塌方', 'answer_escalation']].map(([t, act]) => `#/problems/${key(t)}/problems.${act}`)] : [])]
    for (const hash of pages) {
      await page.goto(`/field/${hash}`)
      await page.waitForTimeout(300)
      await accessible(page)
      if (hash === '#/report' || hash.includes('problems.')) { await page.locator('form button[type=submit]').click(); await page.waitForTimeout(100); await accessible(page) }
    }
    for (const width of [1280]) { await page.setViewportSize({ width, height: 800 }); for (const hash of ['#/', '#/report']) { await page.goto(`/field/${hash}`); await page.waitForTimeout(200); await accessible(page) } }
    await finish()
  })
}
