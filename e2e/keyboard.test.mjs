// The whole problem journey with the keyboard alone: reported by a villager, assigned, diagnosed, fixed, verified, and followed up.
// Nothing here points at the page: elements are looked at, never clicked, filled in or focused. At every stop the focus must be seen.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESK, PHONE, account, ask, open, photo, settled, startBrowser, startServer, wording } from './harness.mjs'

const WHAT = '老井台护栏松动，孩子常在旁边玩（演示）'
let server, browser, words
const story = { village: null, problem: null, receipt: null }

before(async () => {
  words = await wording()
  server = await startServer()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Where the focus is, and whether one sees it: an outline on the element itself or on what stands for it, in view, not covered. */
function stop(page) {
  return page.evaluate(() => {
    const el = document.activeElement
    if (!el || el === document.body) return null
    const stands = [el, el.closest('label'), el.nextElementSibling, el.closest('label')?.querySelector('span')].filter(Boolean)
    const drawn = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 && !/, 0\)$|transparent/.test(s.outlineColor) }
    const mark = stands.find(drawn)
    const box = (mark ?? el).getBoundingClientRect()
    // In the window, and at least one of nine points of it is not covered by something else (WCAG 2.4.11).
    const points = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [box.left + box.width * x, box.top + box.height * y]))
    const bare = points.some(([x, y]) => { const top = document.elementFromPoint(x, y); return top && (el.contains(top) || top.contains(el) || stands.some((s) => s.contains(top))) })
    el.dataset.stop ??= String((window.stops = (window.stops ?? 0) + 1))
    const label = el.getAttribute('aria-label') ?? (el.labels?.[0]?.textContent || el.textContent || el.getAttribute('placeholder') || el.name || '')
    return { id: el.dataset.stop, tag: el.localName, type: el.type ?? '', name: el.getAttribute('name') ?? '', href: el.getAttribute('href') ?? '', value: el.value ?? '', words: label.trim().replace(/\s+/g, ' '), seen: Boolean(mark), bare, reached: el.tabIndex >= 0, inMain: Boolean(el.closest('main')), inForm: Boolean(el.closest('form.command')), skip: el.classList.contains('qw-skip') }
  })
}
const told = (s) => `${s.tag} “${s.words || s.name}”${s.href && ` ${s.href}`}`
function good(s, page) {
  assert.ok(s.seen, `the focus is not seen on ${told(s)} (${page.url()})`)
  assert.ok(s.bare, `the focused ${told(s)} lies outside the window or under something (${page.url()})`)
}
async function tab(page, key = 'Tab') {
  await page.keyboard.press(key)
  const s = await stop(page)
  if (s) good(s, page)
  return s
}
/** Tabs on until the stop is the one wanted. */
async function to(page, what, wanted, { key = 'Tab', most = 250 } = {}) {
  const passed = []
  const here = await stop(page)
  if (here && wanted(here)) return here
  for (let n = 0; n < most; n++) {
    const s = await tab(page, key)
    if (s && wanted(s)) return s
    passed.push(s ? told(s) : 'the end')
  }
  assert.fail(`${what} cannot be reached with ${key} (${page.url()}): ${passed.slice(-25).join(' | ')}`)
}
/** Through the whole page and round again: nothing holds the focus, and backwards is the same way. */
async function walk(page, most = 400) {
  const here = await stop(page)
  const first = here?.reached ? here : await to(page, 'anything', (s) => s.reached)
  let before = first, same = 0
  for (let n = 0; n < most; n++) {
    const s = await tab(page)
    if (s?.id === first.id && before?.id !== first.id) {
      const back = await tab(page, 'Shift+Tab')
      assert.ok(!back || back.id !== first.id, 'Shift+Tab goes nowhere')
      await tab(page)
      return
    }
    // A date has three parts, each a stop within one element.
    same = s && s.id === before?.id ? same + 1 : 0
    assert.ok(same < 5, `the focus is caught in ${s && told(s)}`)
    before = s ?? before
  }
  assert.fail(`no end to ${page.url()} after ${most} stops`)
}
/** The first stop of a page is the link past its head; behind it comes something of the main part. */
async function skip(page) {
  const link = await to(page, 'the skip link', (s) => s.skip, { most: 3 })
  assert.ok(link.skip)
  await page.keyboard.press('Enter')
  const next = await tab(page)
  assert.ok(next?.inMain, `behind the skip link comes ${next && told(next)}`)
}
const named = (text) => (s) => s.words === text || s.words.startsWith(text)
const press = async (page, text) => { await to(page, `“${text}”`, named(text)); await page.keyboard.press('Enter') }
/** The focus is somewhere, and not thrown back to the beginning of the page. */
async function kept(page, what) {
  await settled(page)
  const at = await page.evaluate(() => (document.activeElement === document.body ? null : document.activeElement.outerHTML.slice(0, 120)))
  assert.ok(at, `the focus is lost after ${what}`)
}
async function choosePhoto(page, wanted, hue) {
  await to(page, 'the file input', wanted)
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Space')])
  await chooser.setFiles(await photo(browser, hue))
}
async function enter(person, who, next) {
  const { page } = person
  await page.goto(`/login?next=${encodeURIComponent(next)}`)
  await to(page, 'the name', (s) => s.name === 'name')
  await page.keyboard.type(who.name)
  await to(page, 'the password', (s) => s.name === 'password')
  await page.keyboard.type(who.password)
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
  await settled(page)
}
async function find(page) {
  await press(page, words['room.problems'])
  await page.waitForURL('**/console/problems*')
  await kept(page, 'going to another page')
  await to(page, 'the search', (s) => s.type === 'search')
  await page.keyboard.type(WHAT.slice(0, 6))
  // It may stand in the list before anything is looked for: what counts is the list after that.
  await page.waitForURL((url) => url.searchParams.get('q') === WHAT.slice(0, 6))
  await settled(page)
  await page.locator(`a[href*="/problems/${story.problem}"]`).first().waitFor()
  await to(page, 'the problem in the list', (s) => s.href.includes(`/problems/${story.problem}`))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: WHAT }).waitFor()
  await kept(page, 'opening the problem')
}
async function state(person, is) {
  for (let n = 0; n < 60; n++) {
    const { json } = await ask(person, `/api/rows/problems/${story.problem}`)
    if (json?.row?.state.is === is) return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  assert.fail(`the problem does not become ${is}`)
}

test('a villager reports it, with a photo', async () => {
  const helper = await open(browser, server)
  await enter(helper, account(server, 'village'), '/console/')
  story.village = (await ask(helper, '/api/session')).json.posts[0].place
  await helper.finish()

  const { page, finish } = await open(browser, server, { viewport: PHONE })
  await page.goto(`/v/${story.village.code}`)
  await skip(page)
  await page.reload()
  await walk(page)
  await to(page, 'the way to the form', (s) => s.href === `/v/${story.village.code}/report`)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/report')
  await walk(page)
  await to(page, 'the fields', (s) => s.name === 'field')
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowRight')
  const chosen = await stop(page)
  good(chosen, page)
  assert.equal(chosen.value, 'sewage', 'the arrows move within the fields')
  await page.keyboard.press('ArrowLeft') // waste is the village's own, by the rule
  await to(page, 'the words', (s) => s.name === 'words')
  await page.keyboard.type(WHAT)
  await choosePhoto(page, (s) => s.type === 'file', 40)
  await to(page, 'the button', (s) => s.type === 'submit')
  await page.keyboard.press('Enter')
  await page.waitForLoadState()
  await settled(page)
  if (new URL(page.url()).pathname.endsWith('/report')) { // something like it is known
    await to(page, 'the button', (s) => s.type === 'submit')
    await page.keyboard.press('Enter')
  }
  await page.waitForURL(/\/p\//)
  await skip(page)
  await page.reload()
  await walk(page)
  const receipt = await to(page, 'the receipt', (s) => s.href.includes('?r='))
  story.receipt = receipt.href
  story.problem = new URL(page.url()).pathname.split('/')[2]
  await finish()
})

test('the office finds it and assigns it', async () => {
  const person = await open(browser, server, { viewport: DESK })
  const { page, finish } = person
  await page.goto('/login')
  await walk(page)
  await enter(person, account(server, 'office'), '/console/')
  await page.reload()
  await settled(page)
  await skip(page)
  await page.reload()
  await settled(page)
  await walk(page)
  // Menus that float: Esc closes them, and one is where one was.
  for (const name of [words['scope.other'], words['layout.account_of'].replace('{name}', account(server, 'office').display)]) {
    const opener = await to(page, name, named(name))
    await page.keyboard.press('Enter')
    const inside = await tab(page)
    assert.notEqual(inside.id, opener.id)
    await page.keyboard.press('Escape')
    assert.equal((await stop(page)).id, opener.id, `after Esc the focus is on what opened “${name}”`)
  }
  await find(page)
  await walk(page)
  // The facts under it: opened, read, closed.
  const origin = await to(page, '出处', named(words['origin.of'].split('{')[0]))
  await page.keyboard.press('Enter')
  await page.locator('.facts-panel h2').waitFor()
  await settled(page)
  assert.ok(await page.evaluate(() => document.activeElement.closest('.facts-panel') !== null), 'the focus goes into the panel')
  await page.keyboard.press('Escape')
  assert.equal((await stop(page)).id, origin.id)
  // The form: called off with its button, then sent.
  const assign = words['command.problems.assign']
  const opener = await to(page, assign, named(assign))
  await page.keyboard.press('Enter')
  await settled(page)
  assert.ok((await stop(page)).inForm, 'the focus goes into the form')
  await press(page, words['say.cancel'])
  assert.equal((await stop(page))?.id, opener.id, 'called off: the focus is on what opened the form')
  await page.keyboard.press('Enter')
  await settled(page)
  await walk(page)
  await to(page, 'the button that sends', (s) => s.inForm && s.type === 'submit')
  await page.keyboard.press('Enter')
  await state(person, 'assigned')
  await kept(page, 'sending')
  await finish()
})

test('the village finds the cause and says that it is mended, with a photo', async () => {
  const person = await open(browser, server, { viewport: PHONE })
  const { page, finish } = person
  await enter(person, account(server, 'village'), '/field/')
  await page.locator('.kept').waitFor()
  await settled(page)
  await skip(page)
  await page.reload()
  await page.locator('.kept').waitFor()
  await settled(page)
  await walk(page)
  // Reporting: the search for a place is left with Esc.
  await press(page, words['tab.report'])
  await page.locator('.place-now b').waitFor()
  await settled(page)
  await press(page, words['report.other_place'])
  await page.locator('.place-find input').waitFor()
  await page.keyboard.press('Escape')
  assert.equal((await stop(page))?.words, words['report.other_place'], 'after Esc the focus is on what opened the search')
  await walk(page)
  await press(page, words['tab.today'])
  await page.locator('.lines').first().waitFor()
  await settled(page)
  const line = `#/problems/${story.problem}`
  if (!(await page.locator(`a[href="${line}"]`).count())) { await to(page, 'the whole list', (s) => s.href.startsWith('#/list/mine')); await page.keyboard.press('Enter'); await page.locator(`a[href="${line}"]`).waitFor() }
  await to(page, 'the problem', (s) => s.href === line)
  await page.keyboard.press('Enter')
  await page.locator('.words').waitFor()
  await kept(page, 'opening the problem')
  await walk(page)
  await press(page, words['act.problems.diagnose'])
  await page.locator('#f-cause').waitFor()
  await settled(page)
  await to(page, 'the button', (s) => s.type === 'submit')
  await page.keyboard.press('Enter')
  assert.equal((await stop(page)).tag, 'textarea', 'what is missing gets the focus')
  await page.keyboard.type('膨胀螺栓锈断')
  await tab(page)
  await page.keyboard.type('换不锈钢螺栓，重新固定')
  await to(page, 'the button', (s) => s.type === 'submit')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: words['act.problems.claim_fix'] }).waitFor()
  await kept(page, 'sending')
  await press(page, words['act.problems.claim_fix'])
  await page.locator('#f-text').waitFor()
  await settled(page)
  await walk(page)
  await choosePhoto(page, (s) => s.type === 'file', 220)
  await page.locator('.shots img').waitFor()
  await kept(page, 'choosing a photo')
  await to(page, 'what was done', (s) => s.tag === 'textarea')
  await page.keyboard.type('四个螺栓都换了，摇不动')
  await to(page, 'the button', (s) => s.type === 'submit')
  await page.keyboard.press('Enter')
  await state(person, 'claimed')
  await settled(page)
  await press(page, words['tab.queue'])
  await page.locator('.arrived').waitFor()
  await walk(page)
  await press(page, words['tab.me'])
  await page.getByText(words['me.theme'], { exact: true }).waitFor()
  await walk(page)
  await finish()
})

test('an inspector verifies it', async () => {
  const person = await open(browser, server, { viewport: DESK })
  const { page, finish } = person
  await enter(person, account(server, 'inspector'), '/console/')
  await find(page)
  await press(page, words['command.problems.verify_fix'])
  await settled(page)
  await to(page, 'the note', (s) => s.inForm && s.tag === 'textarea')
  await page.keyboard.type('到现场摇过，是牢的')
  await to(page, 'the button that sends', (s) => s.inForm && s.type === 'submit')
  await page.keyboard.press('Enter')
  await state(person, 'verified')
  await kept(page, 'sending')
  await walk(page)
  await finish()
})

test('the villager follows it up and says that it is solved', async () => {
  const { page, finish } = await open(browser, server, { viewport: PHONE, javaScript: true })
  await page.goto(story.receipt)
  await skip(page)
  await page.reload()
  await walk(page)
  await to(page, 'yes', (s) => s.name === 'solved' && s.value === '1')
  await page.keyboard.press('Enter')
  await page.waitForLoadState()
  await page.locator('main').getByText(words['state.confirmed']).first().waitFor()
  await finish()
})
