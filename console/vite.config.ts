import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The binary embeds dist/ and serves it under /console/ with `script-src 'self'`: nothing inline, no eval, hashed names.
export default defineConfig({
  base: '/console/',
  plugins: [vue()],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
      '@locales': fileURLToPath(new URL('../locales', import.meta.url)),
      '@design': fileURLToPath(new URL('../design', import.meta.url)),
    },
  },
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    target: ['chrome87', 'firefox78', 'safari14'],
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  server: {
    port: 5173,
    fs: { allow: ['..'] },
    proxy: Object.fromEntries(['/api', '/login', '/v', '/assets'].map((path) => [path, process.env.QIANWAN_SERVER ?? 'http://127.0.0.1:8088'])),
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
