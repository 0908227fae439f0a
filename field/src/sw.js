// The service worker: keeps the app itself, so that it opens without the server. VERSION and FILES are written above by
// vite.config.ts. Answers of the API are not kept here but in IndexedDB, with their age (src/store/kept.ts); only small
// pictures, whose address is the hash of their content, are.
const SHELL = `qw-field-${VERSION}`
const THUMBS = 'qw-thumbs' // emptied by the app when somebody else signs in
const THUMBS_MAX = 120

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES.map((f) => new Request(f, f === './' ? { cache: 'reload' } : {})))))
})

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith('qw-field-') && name !== SHELL) await caches.delete(name)
    await self.clients.claim()
  })())
})

// A new version waits until the person agrees: pages that are open go on with the files they know.
self.addEventListener('message', (event) => { if (event.data === 'take-over') self.skipWaiting() })

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  const scope = new URL(self.registration.scope).pathname
  if (request.mode === 'navigate' && url.pathname.startsWith(scope)) event.respondWith(kept(SHELL, './', request))
  else if (url.pathname.startsWith(scope)) event.respondWith(kept(SHELL, request, request))
  else if (/^\/api\/files\/[0-9a-f]+$/.test(url.pathname)) event.respondWith(thumb(event))
})

async function kept(name, key, request) {
  const cache = await caches.open(name)
  return (await cache.match(key, { ignoreVary: true })) ?? fetch(request)
}

async function thumb(event) {
  const { request } = event
  const cache = await caches.open(THUMBS)
  const found = await cache.match(request, { ignoreVary: true })
  if (found) return found
  const answer = await fetch(request)
  // The picture is shown in any case: a full phone keeps less.
  if (answer.status === 200 && request.url.includes('size=thumb')) event.waitUntil(keepThumb(cache, request, answer.clone()).catch(() => {}))
  return answer
}

async function keepThumb(cache, request, answer) {
  await cache.put(request, answer)
  const keys = await cache.keys()
  for (const old of keys.slice(0, Math.max(0, keys.length - THUMBS_MAX))) await cache.delete(old)
}
