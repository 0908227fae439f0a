// Bytes sent for the first screen (/console/today), brotli 11: the files that the entry and the route of Today need, from the manifest.
import { readFile } from 'node:fs/promises'
import { brotliCompressSync } from 'node:zlib'

const LIMIT = 250 * 1024
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(await readFile(new URL('.vite/manifest.json', dist), 'utf8'))
const files = new Set(['index.html', 'mark.svg'])
const seen = new Set()
function take(key) {
  if (seen.has(key)) return
  seen.add(key)
  const chunk = manifest[key]
  files.add(chunk.file)
  for (const css of chunk.css ?? []) files.add(css)
  for (const next of chunk.imports ?? []) take(next)
}
take('index.html')
take('src/rooms/today/TodayPage.vue')
let sum = 0
for (const file of files) {
  const bytes = await readFile(new URL(file, dist))
  const br = brotliCompressSync(bytes).length
  sum += br
  console.log(`${String(br).padStart(7)}  ${file}`)
}
console.log(`${String(sum).padStart(7)}  first screen, brotli, of ${LIMIT} allowed`)
process.exitCode = sum > LIMIT ? 1 : 0
