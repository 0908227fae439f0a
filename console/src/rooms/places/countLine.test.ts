import { expect, test } from 'vitest'
import { countLine, stepPath } from './countLine'
import { lostGrade, readPlace } from './place'

const c = (on: string, value: number) => ({ what: 'hamlets', on, value, method: 'counted' })
test('a fall below an earlier peak is marked, also after a partial recovery', () => {
  const points = countLine([c('2026-04-01', 80), c('2024-04-01', 100), c('2025-04-01', 70)], 100, 50)
  expect(points.map((p) => p.fell)).toEqual([null, 100, 100])
  expect(points.map((p) => p.y)).toEqual([0, 15, 10])
  expect(points[0]?.x).toBe(0)
  expect(points[2]?.x).toBe(100)
})
test('values hold until the next count', () => expect(stepPath(countLine([c('2024-01-01', 10), c('2025-01-01', 5)], 100, 50))).toBe('M0 0H100V25'))
test('no counts, no line', () => expect(countLine([], 100, 50)).toEqual([]))
test('a grade once held and lost is named', () => {
  expect(lostGrade(readPlace({ key: '1', row: { grade: 'remediated', grade_best: 'boutique' }, place: null }))).toBe('boutique')
  expect(lostGrade(readPlace({ key: '1', row: { grade: 'boutique', grade_best: 'boutique' }, place: null }))).toBe(null)
})
