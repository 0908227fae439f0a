import { expect, test } from 'vitest'
import { probablyMay, sections, total } from './order'
import type { ProblemRow, Today } from '@/api/types'

const row = (key: string, due: string | null, reported_ms = 0): ProblemRow => ({ key, place: null, row: { reported_ms, state: due ? { is: 'assigned', due, post: { place: 1, role: 'village' } } : { is: 'reported' } } as never })
const day: Today = { lists: [
  { name: 'to_triage', query: '', count: 30, rows: [row('t2', null, 2), row('t1', null, 1)] },
  { name: 'mine', query: '', count: 2, rows: [row('m', '2026-11-25'), row('late', '2026-11-20')] },
  { name: 'overdue', query: '', count: 1, rows: [row('late', '2026-11-20')] },
  { name: 'to_answer', query: '', count: 0, rows: [] },
  { name: 'something_new', query: '', count: 1, rows: [] },
] }

test('the most urgent first, each problem once, the rest counted', () => {
  const all = sections(day)
  expect(all.map((s) => [s.name, s.rows.map((r) => r.key), s.above, s.more])).toEqual([['overdue', ['late'], 0, false], ['mine', ['m'], 1, false], ['to_triage', ['t1', 't2'], 0, true]])
  expect(total(all)).toEqual({ n: 4, least: true })
})
test('two posts, one list', () => {
  const both = sections({ lists: [{ name: 'mine', query: 'a', count: 1, rows: [row('x', '2026-11-25')] }, { name: 'mine', query: 'b', count: 1, rows: [row('y', '2026-11-24')] }] })
  expect(both.map((s) => [s.count, s.rows.map((r) => r.key)])).toEqual([[2, ['y', 'x']]])
})
test('acts are guessed from the list, within what the person may do', () => {
  expect(probablyMay(day, 'late', ['problems.work'])).toEqual(['problems.diagnose', 'problems.claim_fix'])
  expect(probablyMay(day, 't1', ['problems.work'])).toEqual([])
})
