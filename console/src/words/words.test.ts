// The wording is whole: the same keys in every language, none unused, and no Chinese outside the locale files.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fill } from './fill'

const SRC = new URL('..', import.meta.url).pathname
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((f) => /\.(vue|ts|css)$/.test(f) && !f.endsWith('.test.ts')).map((f) => ({ name: f, text: readFileSync(join(SRC, f), 'utf8') }))
const locale = (language: string, part: string) => JSON.parse(readFileSync(new URL(`../../../locales/${language}/${part}.json`, import.meta.url), 'utf8')) as { [key: string]: string }
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(^|[^:])\/\/.*$/gm, '$1')

describe('fill', () => {
  test.each([
    ['{n} {n|row|rows}', { n: 1 }, '1 row'], ['{n} {n|row|rows}', { n: 2 }, '2 rows'], ['{name}', {}, '{name}'], ['plain', { n: 1 }, 'plain'],
  ])('%s with %o', (text, args, says) => expect(fill(text, args)).toBe(says))
})

describe.each(['console', 'shared'])('locales/*/%s.json', (part) => {
  const zh = locale('zh-CN', part), en = locale('en', part)
  test('the same keys in both languages', () => expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort()))
  test('the same names in braces', () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)[|}]/g)].map((m) => m[1]))].sort()
    for (const key of Object.keys(zh)) expect([key, names(en[key] ?? '')]).toEqual([key, names(zh[key] ?? '')])
  })
})

test('no key of console.json is unused', () => {
  const all = files.map((f) => f.text).join('\n')
  const lists = new Set([...all.matchAll(/word\('([\w.]+)'/g)].map((m) => m[1]))
  const stems = [...all.matchAll(/t\(`([\w.]+)\$\{/g)].map((m) => m[1] ?? '')
  const unused = Object.keys(locale('zh-CN', 'console')).filter((key) => !all.includes(`'${key}'`) && !lists.has(key.slice(0, key.lastIndexOf('.'))) && !lists.has(key.split('.')[0] ?? '') && !stems.some((stem) => key.startsWith(stem)))
  expect(unused).toEqual([])
})

test('no Chinese outside the locale files', () => {
  const found = files.flatMap((f) => withoutComments(f.text).split('\n').filter((line) => /\p{Script=Han}/u.test(line)).map((line) => `${f.name}: ${line.trim()}`))
  expect(found).toEqual([])
})
