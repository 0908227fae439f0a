import { expect, test } from 'vitest'
import * as format from './format'

test('days and moments are those of Shanghai', () => {
  expect(format.day(Date.UTC(2026, 10, 22, 16, 0))).toBe('2026-11-23')
  expect(format.moment(Date.UTC(2026, 10, 22, 16, 5))).toBe('2026-11-23 00:05')
  expect(format.day('2026-11-23')).toBe('2026-11-23')
})
test('unknown, not asked, no base and zero read differently', () => {
  const v = (value: number | null, missing: string | null = null) => format.value({ value, numerator: null, denominator: null, missing }, 'count')
  expect(new Set([v(0), v(null, 'unknown'), v(null, 'not-asked'), format.share(0, 0)]).size).toBe(4)
  expect(v(0)).toBe('0')
})
test('a share shows its base', () => expect(format.share(173, 238)).toBe('72.7% (173/238)'))
test('due dates by whole days', () => {
  expect(format.daysBetween('2026-02-27', '2026-03-01')).toBe(2)
  expect(format.dueIn('2026-11-23', '2026-11-23')).not.toBe(format.dueIn('2026-11-24', '2026-11-23'))
})
test('percent comes in basis points and shows its base', () => {
  expect(format.value({ value: 5331, numerator: 129, denominator: 242, missing: null }, 'percent')).toBe('53.3% (129/242)')
  expect(format.value({ value: 9, numerator: 254, denominator: 27524, missing: null }, 'per_thousand')).toBe('9‰ (254/27,524)')
})
test('distance in metres, then kilometres', () => {
  expect(format.distance(40)).toContain('40')
  expect(format.distance(1540)).toContain('1.5')
})
test('hashes lose their prefix', () => expect(format.shortHash('sha256:0123456789abcdef')).toBe('01234567'))
