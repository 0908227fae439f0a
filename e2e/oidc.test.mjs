// Signing in with an identity of a real provider (oidc-provider) on loopback: away at the start, then unlinked, linked by its
// owner, and the way in from then on.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Provider from 'oidc-provider'
import { accessible, open, startBrowser, wording } from './harness.mjs'

const BINARY = process.env.QW_BIN ?? fileURLToPath(new URL('../target/debug/qianwan', import.meta.url))
const REGISTER = `code,name,level,parent
81,示例省,province,
8199,示例市,city,81
819901,示例县,county,8199
819901100,示例镇,township,819901
819901100201,示例村村委会,village,819901100
`
const WHO = { name: 'lin', display: '林小满', password: 'a long password of hers' }
const SECRET = 'a secret that both sides know'
const NAME = '政务统一身份'

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)) })
  })
}

let dir, server, address, issuer, provider, browser, words
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'qianwan-oidc-'))
  const data = join(dir, 'data'), register = join(dir, 'register.csv'), secret = join(dir, 'secret')
  await writeFile(register, REGISTER)
  await writeFile(secret, `${SECRET}\n`, { mode: 0o600 })
  execFileSync(BINARY, ['places', 'import', '--data', data, register], { stdio: 'ignore' })
  const add = ['account', 'add', '--data', data, '--name', WHO.name, '--display', WHO.display, '--role', 'viewer', '--place', '819901000000']
  execFileSync(BINARY, add, { input: `${WHO.password}\n`, stdio: ['pipe', 'ignore', 'ignore'] })
  address = `http://127.0.0.1:${await freePort()}`
  issuer = `http://127.0.0.1:${await freePort()}`
  const given = ['--oidc-issuer', issuer, '--oidc-client', 'qianwan', '--oidc-secret-file', secret, '--oidc-name', NAME]
  server = spawn(BINARY, ['serve', '--plain', '--data', data, '--listen', address.slice('http://'.length), ...given], { stdio: 'ignore' })
  for (let tries = 0; ; tries++) {
    if (await fetch(`${address}/healthz`).then((r) => r.ok, () => false)) break
    assert.ok(tries < 300 && server.exitCode === null, 'the server does not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  browser = await startBrowser()
  words = await wording()
})
after(async () => {
  await browser?.close()
  provider?.closeAllConnections()
  provider?.close()
  server?.kill('SIGTERM')
  await new Promise((resolve) => (server && server.exitCode === null ? server.once('exit', resolve) : resolve()))
  await rm(dir, { recursive: true, force: true })
})

function startProvider() {
  const made = new Provider(issuer, {
    clients: [{ client_id: 'qianwan', client_secret: SECRET, redirect_uris: [`${address}/login/oidc/back`], grant_types: ['authorization_code'] }],
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    cookies: { keys: ['only for this test'] },
    ttl: { Session: 600, Interaction: 600, Grant: 600, IdToken: 300, AccessToken: 300 },
  })
  return new Promise((resolve) => { const listening = made.listen(Number(new URL(issuer).port), '127.0.0.1', () => resolve(listening)) })
}

/** A person with a browser. What the provider's own pages load is not ours to judge. */
const openHere = (more = {}) => open(browser, { address }, { expected: ['net::ERR_', issuer], ...more })

/** Through the provider's own pages, as whoever is named. */
async function atProvider(page, who) {
  await page.waitForURL((url) => url.href.startsWith(issuer))
  await page.locator('input[name=login]').fill(who)
  await page.locator('input[name=password]').fill('anything')
  await page.locator('button[type=submit]').click()
  // It asks whether this client may know.
  const consent = page.locator('form[action$="/confirm"] button[type=submit], button[autofocus]')
  await page.waitForURL((url) => url.href.startsWith(address) || url.pathname.includes('/interaction/'))
  if (page.url().startsWith(issuer)) await consent.first().click()
  await page.waitForURL((url) => url.href.startsWith(address))
}

test('a provider that is away keeps nobody out who has a password', async () => {
  const person = await open(browser, { address }, { expected: ['503'] })
  const { page } = person
  await page.goto('/login')
  await accessible(page)
  await page.locator('#provider').click()
  await page.getByText(words['sign-in/provider-away'].title).waitFor()
  await page.locator('input[name=name]').fill(WHO.name)
  await page.locator('input[name=password]').fill(WHO.password)
  await page.locator('form[action="/login"] button[type=submit]').click()
  await page.waitForURL((url) => url.pathname.startsWith('/console/'))
  await person.finish()
})

test('an identity is linked by its owner, and signs in from then on', async () => {
  // What is away is left alone for some seconds.
  provider = await startProvider()
  await new Promise((resolve) => setTimeout(resolve, 5_500))
  const person = await openHere()
  const { page } = person
  await page.goto('/login')
  await page.locator('#provider', { hasText: NAME }).click()
  await atProvider(page, 'u-1001')
  assert.equal(new URL(page.url()).pathname, '/login/oidc/link')
  assert.equal(await page.locator('#subject').textContent(), 'u-1001')
  await accessible(page)
  await page.getByText(words['account.identity_sign_in']).click()
  await page.locator('input[name=name]').fill(WHO.name)
  await page.locator('input[name=password]').fill(WHO.password)
  await page.locator('form[action="/login"] button[type=submit]').click()
  await page.waitForURL((url) => url.pathname === '/login/oidc/link')
  await page.locator('input[name=password]').fill(WHO.password)
  await page.locator('form[action="/login/oidc/link"] button[type=submit]').click()
  await page.waitForURL((url) => url.pathname === '/console/account')
  await page.getByText('u-1001').waitFor()
  await accessible(page)
  await person.finish()

  const later = await openHere()
  await later.page.goto('/login?next=/console/places')
  await later.page.locator('#provider').click()
  await atProvider(later.page, 'u-1001')
  await later.page.waitForURL((url) => url.pathname === '/console/places')
  await later.page.getByText('示例村村委会').first().waitFor()
  // One's own account takes the link away again.
  await later.page.goto('/console/account')
  await later.page.getByRole('button', { name: words['account.identity_unlink'] }).click()
  await later.page.getByRole('link', { name: words['account.identity_go'] }).waitFor()
  await later.finish()
})

test('somebody whom nobody has linked comes to a page that says what to do', async () => {
  const person = await openHere({ language: 'en' })
  await person.page.goto('/login?lang=en')
  await person.page.locator('#provider').click()
  await atProvider(person.page, 'u-2002')
  await person.page.getByText((await wording('en'))['account.identity_by_administrator']).waitFor()
  assert.equal((await person.context.cookies()).some((c) => c.name === 'qw_session' && c.value), false)
  await person.finish()
})
