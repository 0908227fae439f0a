// Bytes sent and time until usable on the slow phone (Chromium, CPU ×6, 1.6 Mbit/s down, 150 ms, cold cache, brotli), against the
// budget of shared design §2: ≤ 60 KB, ≤ 2.5 s. Usable: the day's list is there and its first line answers. Exits 1 beyond the
// byte budget only, as times vary on shared machines. node dev/size.mjs [runs]
import { createMock } from './mock.mjs'
import { launch, phone } from './browser.mjs'

const BYTES_MAX = 60_000, SECONDS_MAX = 2.5, runs = Number(process.argv[2] ?? 3)
const mock = createMock(), base = `http://127.0.0.1:${await mock.start(0)}`
const browser = await launch()
const times = []
let shell = 0, data = 0, list = []
for (let i = 0; i < runs; i++) {
  const ctx = await browser.newContext({ ...phone, serviceWorkers: 'block' })
  await ctx.addCookies([{ name: 'qw_session', value: 'zhou', url: base }])
  const page = await ctx.newPage(), cdp = await ctx.newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 })
  const urls = new Map()
  shell = data = 0; list = []
  cdp.on('Network.requestWillBeSent', (e) => urls.set(e.requestId, new URL(e.request.url).pathname))
  cdp.on('Network.loadingFinished', (e) => { const u = urls.get(e.requestId) ?? '?'; list.push([u, e.encodedDataLength]); if (u.startsWith('/api/')) data += e.encodedDataLength; else shell += e.encodedDataLength })
  const began = performance.now()
  await page.goto(`${base}/field/`, { waitUntil: 'commit' })
  await page.locator('.line').first().waitFor()
  times.push((performance.now() - began) / 1000)
  await page.waitForTimeout(1500)
  await ctx.close()
}
await browser.close()
await mock.stop()
times.sort((a, b) => a - b)
const median = times[Math.floor(times.length / 2)]
for (const [u, n] of list) console.log(String(n).padStart(7), u)
console.log(JSON.stringify({ shell_bytes: shell, data_bytes: data, usable_s: Number(median.toFixed(2)), usable_s_all: times.map((t) => Number(t.toFixed(2))), bytes_max: BYTES_MAX, seconds_max: SECONDS_MAX }))
if (shell > BYTES_MAX) { console.error('too large'); process.exitCode = 1 }
if (median > SECONDS_MAX) console.error('slower than the budget (not failing: times vary)')
