import { expect, test } from 'vitest'
import type { ProblemRow, ProblemState, Row } from '@/api/types'
import { commandsFor } from './actions'
import { crossTable } from './crossTable'
import { pageOf, problemsQuery, readFilters, writeFilters } from './filters'
import { clock, isOverdue, readProblem, unanswered, type Escalation } from './problem'

const post = { place: 7, role: 'village' } as const
const one = (state: ProblemState, escalations: Escalation[] = []) => readProblem({ key: 'k', row: { state, escalations } as Partial<ProblemRow> as Row, place: null })
const assigned: ProblemState = { is: 'assigned', post, due: '2026-11-20' }
const escalation = (answer: Escalation['answer']): Escalation => ({ to: { place: 1, role: 'head' }, on_ms: 0, answer_by: '2026-11-30', answer })

test('an assigned problem is late after its day, not on it', () => {
  expect(isOverdue(one(assigned), '2026-11-20')).toBe(false)
  expect(isOverdue(one(assigned), '2026-11-21')).toBe(true)
})
test('an escalation without answer moves the clock; an answered one does not', () => {
  expect(clock(one(assigned, [escalation(null)]))).toBe('2026-11-30')
  expect(clock(one(assigned, [escalation({ text: '', on_ms: 1, by: '' })]))).toBe('2026-11-20')
  expect(unanswered(one({ is: 'confirmed', post }, [escalation(null)]))).toBe(null)
})
test('closed problems have no clock', () => expect(clock(one({ is: 'confirmed', post }))).toBe(null))

test('filters go into the address and back, and foreign names do not', () => {
  const query = writeFilters({ place: '3', field: 'road' }, { field: '', state: 'assigned,claimed' })
  expect(query).toEqual({ place: '3', state: 'assigned,claimed' })
  expect(readFilters({ state: 'assigned', evil: '1', 'due.from': '2026-01-01' })).toEqual({ state: 'assigned', 'due.from': '2026-01-01' })
  expect(problemsQuery(3, { overdue: '1' })).toBe('/api/rows/problems?place=3&overdue=1')
  expect(pageOf('/api/rows/problems?open=1&limit=20')).toBe('/problems?open=1')
})
test('only commands that may be given are offered, what comes next first', () => {
  expect(commandsFor(['problems.merge', 'problems.assign', 'problems.unheard_of']).map((s) => s.type)).toEqual(['problems.assign', 'problems.merge'])
})
test('groups by two keys make a table with totals, largest first', () => {
  const table = crossTable([{ keys: ['road', 'assigned'], labels: ['', ''], count: 2 }, { keys: ['waste', 'assigned'], labels: ['', ''], count: 3 }, { keys: ['road', 'claimed'], labels: ['', ''], count: 4 }], ['assigned', 'claimed', 'merged'] as const, (key) => String(key))
  expect(table.columns).toEqual(['assigned', 'claimed'])
  expect(table.rows.map((r) => [r.label, r.total])).toEqual([['road', 6], ['waste', 3]])
})
