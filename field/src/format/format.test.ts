import { expect, test } from 'vitest'
import { ageOf, clockOf, daysBetween, dueOf, metres } from './format'
import type { Problem } from '@/api/types'

test('days', () => {
  expect(daysBetween('2026-02-28', '2026-03-01')).toBe(1)
  expect(dueOf('2026-11-20', '2026-11-23')).toEqual({ is: 'late', n: 3 })
  expect(dueOf('2026-11-23', '2026-11-23')).toEqual({ is: 'today' })
  expect(dueOf('2026-11-25', '2026-11-23')).toEqual({ is: 'left', n: 2 })
})
test('ages grow coarser, and a clock that is ahead gives now', () => {
  expect(ageOf(0, 59_000)).toEqual({ unit: 'now', n: 0 })
  expect(ageOf(10_000, 0)).toEqual({ unit: 'now', n: 0 })
  expect(ageOf(0, 59 * 60_000)).toEqual({ unit: 'minutes', n: 59 })
  expect(ageOf(0, 47 * 3_600_000)).toEqual({ unit: 'hours', n: 47 })
  expect(ageOf(0, 48 * 3_600_000)).toEqual({ unit: 'days', n: 2 })
})
test('the clock is the unanswered head’s, else the state’s', () => {
  const p = { state: { is: 'assigned', post: { place: 1, role: 'village' }, due: '2026-11-20' }, escalations: [] } as unknown as Problem
  expect(clockOf(p)).toBe('2026-11-20')
  expect(clockOf({ ...p, escalations: [{ to: { place: 1, role: 'head' }, on_ms: 0, answer_by: '2026-11-25', answer: null }] })).toBe('2026-11-25')
  expect(clockOf({ ...p, state: { is: 'reported' } })).toBe(null)
})
test('a thousandth of a degree is 111 metres to the north, less to the east', () => {
  expect(Math.round(metres({ lat_e7: 300000000, lon_e7: 1190000000 }, { lat_e7: 300010000, lon_e7: 1190000000 }))).toBe(111)
  expect(Math.round(metres({ lat_e7: 300000000, lon_e7: 1190000000 }, { lat_e7: 300000000, lon_e7: 1190010000 }))).toBe(96)
})
