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
test('money is reckoned in whole fen', () => {
  expect([format.yuan(0), format.yuan(50), format.yuan(123_450), format.yuan(999_999)]).toEqual(['0 元', '0.50 元', '1,234.50 元', '9,999.99 元'])
  expect([format.yuan(3_200_000), format.yuan(1_000_000), format.yuan(133_980_000), format.yuan(9_007_199_254_740_991)]).toEqual(['3.2 万元', '1 万元', '133.98 万元', '9,007,199,254.74 万元'])
  expect([format.yuan(-3_200_000), format.yuan(-50), format.yuan(3_249_999)]).toEqual(['-3.2 万元', '-0.50 元', '3.25 万元'])
  expect([format.yuanExact(3_249_999), format.yuanExact(260_000, 420_000)]).toEqual(['32,499.99 元', '2,600–4,200 元'])
  expect([format.yuanRange(0, 0), format.yuanRange(300_000, 1_200_000), format.yuanRange(30_000, 120_000), format.yuanRange(82_940_000, 133_980_000)]).toEqual(['0 元', '0.3–1.2 万元', '300–1,200 元', '82.94–133.98 万元'])
  expect([format.yuan(null), format.yuan(undefined)]).toEqual([format.count(null), format.count(null)])
})
