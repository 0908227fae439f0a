// What every journey needs: the real binary on a free port with its own throw-away data, a browser, people who sign in,
// and eyes on what must never happen (page errors, broken content security, inaccessible pages).
// Contract with the binary: `qianwan demo --data DIR --listen 127.0.0.1:0 --json` prints one line on stdout:
// {"listening":"http://127.0.0.1:41234","accounts":[{"name":"office","password":"…","display":"县千万办"}]}
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
export const BINARY = process.env.QW_BIN ?? here('../target/debug/qianwan')
const START_MS = 120_000

/** Starts the demo county; `stop` ends it by its process id and removes its data. */
export async function startServer({ seed, args = [] } = {}) {
  const data = await mkdtemp(join(tmpdir(), 'qianwan-e2e-'))
  const given = ['demo', '--data', data, '--listen', '127.0.0.1:0', '--json', ...(seed === undefined ? [] : ['--seed', String(seed)]), ...args]
  const child = spawn(BINARY, given, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = []
  child.stderr.on('data', (chunk) => said.push(String(chunk)))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const started = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${START_MS / 1000} s`)), START_MS)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(`${line}\n`)
      if (!line.startsWith('{')) return
      clearTimeout(timer)
      resolve(JSON.parse(line))
    })
  })
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(hard)
    }
    await rm(data, { recursive: true, force: true })
  }
  try {
    const { listening, accounts } = await started
    return { address: listening.replace(/\/$/, ''), people: accounts, pid: child.pid, data, stop, said: () => said.join('') }
  } catch (error) {
    await stop()
    throw new Error(`${BINARY} ${given.join(' ')}: ${error.message}\n${said.join('')}`)
  }
}

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--disable-dev-shm-usage', '--enable-unsafe-swiftshader',
    ],
  })
}

export const PHONE = { width: 390, height: 844 }
export const DESK = { width: 1280, height: 800 }

/** All wording of a language by key, so that journeys press what a person would read. */
export async function wording(language = 'zh-CN') {
  const dir = here(`../locales/${language}/`)
  const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')))
  return Object.assign({}, ...files.map((text) => JSON.parse(text)))
}

/**
 * One person with a browser of his own. `errors` collects what must not happen; `finish` fails on any and closes.
 * Errors that a journey provokes (a refusal, a dead network) are named in `expected`: parts of their text.
 */
export async function open(browser, server, { viewport = DESK, language = 'zh-CN', javaScript = true, serviceWorkers = 'allow', expected = [], ignoreHTTPSErrors = false } = {}) {
  const context = await browser.newContext({
    baseURL: server.address,
    locale: language,
    timezoneId: 'Asia/Shanghai',
    viewport,
    hasTouch: viewport.width < 600,
    javaScriptEnabled: javaScript,
    serviceWorkers,
    ignoreHTTPSErrors,
    geolocation: { latitude: 30.52, longitude: 119.6, accuracy: 8 },
    permissions: ['geolocation'],
  })
  const errors = []
  const heard = (text) => { if (!expected.some((part) => text.includes(part))) errors.push(text) }
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (e) => console.error(`content security: ${e.violatedDirective} ${e.blockedURI}`))
  })
  context.on('page', (page) => {
    waiting.set(page, new Set())
    page.on('request', (request) => waiting.get(page).add(request))
    for (const over of ['requestfinished', 'requestfailed']) page.on(over, (request) => waiting.get(page).delete(request))
    page.on('pageerror', (error) => heard(error.message))
    page.on('console', (message) => { if (message.type() === 'error') heard(`${message.text()} ${message.location().url ?? ''}`) })
    page.on('response', (response) => { if (response.status() >= 500) heard(`${response.status()} ${response.url()}`) })
  })
  const page = await context.newPage()
  const finish = async () => {
    await context.close()
    assert.deepEqual(errors, [], 'the pages said something that they must not')
  }
  return { page, context, errors, finish, server }
}

/** How the demo names its people: by role, or by the place that they are in charge of. */
const NAMES = { department: /^(water|ecology|housing)$/, township: /^t\d+$/, village: /^v\d+$/, inspector: /^inspector\d*$/ }

/** The demo's first account for a kind of person. */
export function account(server, role) {
  const found = server.people.find((p) => (NAMES[role] ? NAMES[role].test(p.name) : p.name === role))
  assert.ok(found, `the demo has nobody who is ${role}; it has ${server.people.map((p) => p.name).join(', ')}`)
  return found
}

/** Signs in on the page for people, as a person does. */
export async function signIn(person, who, next = '/console/') {
  const { page } = person
  await page.goto(`/login?next=${encodeURIComponent(next)}`)
  await page.locator('input[name=name]').fill(who.name)
  await page.locator('input[name=password]').fill(who.password)
  await page.locator('form:has(input[name=password]) button[type=submit]').click()
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

/** A request with the person's session; the answer's status and JSON. */
export async function ask(person, path, { method = 'GET', body, headers = {} } = {}) {
  const response = await person.context.request.fetch(path, {
    method,
    headers: { ...(method === 'GET' ? {} : { 'X-Qianwan': '1' }), ...headers },
    ...(body === undefined ? {} : { data: body }),
    maxRedirects: 0,
  })
  const text = await response.text()
  let json = null
  try { json = JSON.parse(text) } catch { /* a page or nothing */ }
  return { status: response.status(), json, text, headers: response.headers() }
}

/** Gives a command; the id is a fresh UUID of version 7. */
export function give(person, command, id = uuid()) {
  return ask(person, '/api/commands', { method: 'POST', body: { id, command } })
}

export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const now = BigInt(Date.now())
  for (let i = 0; i < 6; i++) bytes[i] = Number((now >> BigInt(8 * (5 - i))) & 0xffn)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** What WCAG 2.2 AA forbids and axe can see, as `rule: element`; `rules` narrows it to these. */
export async function violations(page, rules) {
  axe ??= await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
  // Between two states nobody reads a colour.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished.catch(() => {}))))
  const runOnly = rules ? { type: 'rule', values: rules } : { type: 'tag', values: RULES }
  const found = await page.evaluate(async (options) => (await window.axe.run(options)).violations.map((v) => [v.id, v.nodes.map((n) => String(n.target))]), { runOnly, resultTypes: ['violations'] })
  return found.flatMap(([id, targets]) => targets.map((target) => `${id}: ${target}`))
}
let axe

/** Fails on anything that WCAG 2.2 AA forbids and axe can see. */
export async function accessible(page) {
  assert.deepEqual(await violations(page), [], `not accessible: ${page.url()}`)
}

/** Requests of a page that have no answer yet. */
const waiting = new WeakMap()
/** Waits until the page has asked for nothing for a moment. */
export async function settled(page, quiet_ms = 150, limit_ms = 30_000) {
  for (let quiet = Date.now(), end = quiet + limit_ms; Date.now() - quiet < quiet_ms; ) {
    assert.ok(Date.now() < end, `still loading: ${page.url()} ${[...waiting.get(page)].map((r) => r.url())}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
    if (waiting.get(page).size) quiet = Date.now()
  }
}

/** The code that an authenticator shows (RFC 6238, SHA-1, six digits, thirty seconds). */
export function oneTimeCode(base32, now_ms = Date.now()) {
  const bits = [...base32.replace(/\s/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(now_ms / 30_000)))
  const mac = createHmac('sha1', secret).update(step).digest()
  const at = mac[mac.length - 1] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Counts what is sent over the network to this page from now on; call the result for the sum in bytes. */
export async function bytes(page) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  let sum = 0
  cdp.on('Network.loadingFinished', (e) => { sum += e.encodedDataLength })
  return () => sum
}

/** CPU six times slower, 1.6 Mbit/s, 150 ms: for budgets, not for exact times. */
export async function slowPhone(page) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 })
}

/** A photograph of nothing, as a file for an upload; another `hue` gives another file. */
export async function photo(browser, hue = 100) {
  const page = await browser.newPage()
  const base64 = await page.evaluate((h) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 })
    const pen = canvas.getContext('2d')
    for (let i = 0; i < 48; i++) { pen.fillStyle = `hsl(${h + i} 40% ${20 + i}%)`; pen.fillRect(0, i * 10, 640, 10) }
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1]
  }, hue)
  await page.close()
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(base64, 'base64') }
}
