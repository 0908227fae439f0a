// Contrast of the design tokens, computed as WCAG 2.2 says (relative luminance of sRGB).
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const css = readFileSync(new URL('../../design/tokens.css', import.meta.url), 'utf8')
type Tokens = { [name: string]: string }
function block(start: string): Tokens {
  const from = css.indexOf(start)
  expect(from, start).toBeGreaterThan(-1)
  const body = css.slice(css.indexOf('{', from) + 1, css.indexOf('}', from))
  return Object.fromEntries([...body.matchAll(/--qw-([\w-]+):\s*([^;]+);/g)].map((m) => [m[1] ?? '', m[2] ?? '']))
}
const light = block(':root {'), darkBySystem = block(':root:not([data-theme="light"]) {'), dark = block(':root[data-theme="dark"] {')
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(a: string, b: string): number { const [x = 0, y = 0] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) }
const INKS = ['ink', 'ink-2', 'ink-3', 'accent', 'accent-strong', 'alert', 'alert-strong', 'note', 'state-new', 'state-doing', 'state-claimed', 'state-checked', 'state-done', 'state-aside', 'state-overdue']
const GROUNDS = ['paper', 'sheet', 'well', 'raised']
const WASHES: [string, string][] = [['ink', 'accent-wash'], ['ink-2', 'accent-wash'], ['ink-3', 'accent-wash'], ['accent', 'accent-wash'], ['accent-strong', 'accent-wash'], ['ink', 'note-wash'], ['note', 'note-wash'], ['ink', 'alert-wash'], ['ink-2', 'alert-wash'], ['alert', 'alert-wash'], ['alert-strong', 'alert-wash'], ['on-accent', 'accent'], ['on-accent', 'accent-strong'], ['on-alert', 'alert']]

test('dark by system and dark by choice are the same', () => expect(darkBySystem).toEqual(dark))
test('every colour of light has its dark', () => expect(Object.keys(light).filter((name) => light[name]?.startsWith('#')).sort()).toEqual(Object.keys(dark).filter((name) => dark[name]?.startsWith('#')).sort()))
describe.each([['light', light], ['dark', dark]] as const)('%s', (_, tokens) => {
  const pairs = [...INKS.flatMap((ink) => GROUNDS.map((ground): [string, string] => [ink, ground])), ...WASHES]
  test('text on its ground reaches 4.5:1', () => {
    expect(pairs.filter(([ink, ground]) => contrast(tokens[ink] ?? '', tokens[ground] ?? '') < 4.5)).toEqual([])
  })
  test('edges of inputs reach 3:1', () => {
    expect(['paper', 'sheet', 'raised'].filter((ground) => contrast(tokens['line-strong'] ?? '', tokens[ground] ?? '') < 3)).toEqual([])
  })
  test('steps of the ramp go one way', () => {
    const steps = [1, 2, 3, 4, 5].map((i) => luminance(tokens[`ramp-${i}`] ?? ''))
    const sorted = [...steps].sort((a, b) => a - b)
    expect([sorted, [...sorted].reverse()]).toContainEqual(steps)
  })
})
