import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { SAID } from './src/words/said.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** After the build: the manifest with its wording from the locale file, and sw.js with the list of files to keep. */
function installable(): Plugin {
  return {
    name: 'qianwan-installable',
    apply: 'build',
    writeBundle() {
      const dist = here('./dist')
      const words = JSON.parse(readFileSync(here('../locales/zh-CN/field.json'), 'utf8')) as { [key: string]: string }
      writeFileSync(join(dist, 'manifest.webmanifest'), JSON.stringify({
        id: '/field/', start_url: '/field/', scope: '/field/', lang: 'zh-CN', display: 'standalone',
        name: words['app.name'], short_name: words['app.short'], description: words['app.description'],
        background_color: '#f6f5ef', theme_color: '#f6f5ef',
        icons: [
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: 'mark.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
        ],
      }))
      const built = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
        .map((f) => relative(dist, join(f.parentPath, f.name))).filter((f) => f !== 'sw.js' && !f.startsWith('.')).sort()
      const version = createHash('sha256')
      for (const f of built) version.update(f).update(readFileSync(join(dist, f)))
      // The shell is kept under './', the address that the server certainly answers; icons are fetched by the system when installing.
      const files = built.filter((f) => !f.startsWith('icon-')).map((f) => (f === 'index.html' ? './' : f))
      writeFileSync(join(dist, 'sw.js'), `const VERSION = '${version.digest('hex').slice(0, 12)}'\nconst FILES = ${JSON.stringify(files)}\n${readFileSync(here('./src/sw.js'), 'utf8')}`)
    },
  }
}

/** Only the shared words that this app says: 3 KB less on every first load. */
function fewerWords(): Plugin {
  return {
    name: 'qianwan-fewer-words',
    enforce: 'pre',
    transform(code, id) {
      if (!/locales\/[\w-]+\/shared\.json$/.test(id)) return null
      return { code: JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(code) as { [key: string]: string }).filter(([k]) => SAID.test(k)))), map: null }
    },
  }
}

// The binary serves dist/ under /field/ with `script-src 'self'`: nothing inline, no eval, hashed names.
export default defineConfig({
  base: '/field/',
  plugins: [vue(), fewerWords(), installable()],
  resolve: { alias: { '@': here('./src'), '@locales': here('../locales'), '@design': here('../design') } },
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  build: { target: ['chrome87', 'firefox78', 'safari14'], manifest: false, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    port: 5174,
    fs: { allow: ['..'] },
    proxy: Object.fromEntries(['/api', '/login'].map((path) => [path, process.env['QIANWAN_SERVER'] ?? 'http://127.0.0.1:8089'])),
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
