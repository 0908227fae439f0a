import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import en from '@locales/en/field.json'
import zh from '@locales/zh-CN/field.json'
import zhShared from '@locales/zh-CN/shared.json'
import { fill } from './fill'
import { SAID } from './said'

const src = new URL('..', import.meta.url).pathname
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) => /\.(ts|vue|js)$/.test(f) && !f.endsWith('.test.ts'))
  .map((f) => [f, readFileSync(join(src, f), 'utf8')] as const)

test('both languages have the same keys and the same names to fill in', () => {
  expect(Object.keys(en)).toEqual(Object.keys(zh))
  const names = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)/g)].map((m) => m[1] ?? ''))].sort()
  for (const [key, text] of Object.entries(zh)) expect([key, names((en as { [k: string]: string })[key] ?? '')]).toEqual([key, names(text)])
})

test('no wording outside the locale files', () => {
  for (const [file, text] of sources) expect([file, /[\u4e00-\u9fff]/.exec(text)?.[0] ?? null]).toEqual([file, null])
})

test('every key is used', () => {
  const all = sources.map(([, text]) => text).join('\n') + readFileSync(new URL('../../vite.config.ts', import.meta.url), 'utf8')
  const built = ['act.', 'list.', 'refused.', 'theme.', 'due.', 'age.', 'weekday.', 'gps.', 'webview.']
  expect(Object.keys(zh).filter((k) => !built.some((b) => k.startsWith(b)) && !all.includes(`'${k}'`))).toEqual([])
})

test('every shared word that is said is left in', () => {
  const shared = new Set(Object.keys(zhShared)), own = new Set(Object.keys(zh))
  const asked = sources.flatMap(([, text]) => [...text.matchAll(/\bt\('([a-z_.]+)'/g)].map((m) => m[1] ?? '')).filter((k) => !own.has(k))
  for (const key of asked) expect([key, shared.has(key) && SAID.test(key)]).toEqual([key, true])
})

test('the words of posts and of tasks are there', () => {
  for (const key of ['department.water', 'task_kind.target', 'task_state.claimed', 'fact.task.verified', 'command.tasks.claim', 'command.tasks.verify', 'command.tasks.reject']) expect([key, key in zhShared && SAID.test(key)]).toEqual([key, true])
})

test('numbers choose between one and many', () => {
  expect(fill('{n} {n|day|days}', { n: 1 })).toBe('1 day')
  expect(fill('{n} {n|day|days}', { n: 3 })).toBe('3 days')
  expect(fill('{who}')).toBe('{who}')
})
