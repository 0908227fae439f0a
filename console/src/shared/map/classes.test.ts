import { expect, test } from 'vitest'
import type { IndicatorValue } from '@/api/types'
import { classify } from './classes'

const v = (id: number, value: number | null): IndicatorValue => ({ place: { id, code: '', name: '', level: 'village', path: [] }, value, numerator: 0, denominator: null, missing: value === null ? 'no-denominator' : null, from: '' })
test('zero is a class, missing is none', () => {
  const c = classify([v(1, 0), v(2, null), v(3, 4)])
  expect(c.missing).toEqual([2])
  expect(c.classes.map((k) => [k.from, k.to, k.count])).toEqual([[0, 0, 1], [4, 4, 1]])
  expect(c.steps).toEqual([[1, 1], [3, 5]])
})
test('equal values never fall into different classes, and all are counted', () => {
  const c = classify([3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9].map((n, i) => v(i, n)))
  expect(c.classes.reduce((sum, k) => sum + k.count, 0)).toBe(12)
  for (let i = 1; i < c.classes.length; i++) expect(c.classes[i]!.from).toBeGreaterThan(c.classes[i - 1]!.to)
})
test('nothing known, no classes', () => expect(classify([v(1, null)]).classes).toEqual([]))
