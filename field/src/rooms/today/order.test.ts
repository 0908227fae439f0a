import { expect, test } from 'vitest'
import { probablyMay, probablyMayTask, sections, tasksLate, taskSections, total } from './order'
import type { ProblemRow, TaskRow, Today, TodayList } from '@/api/types'

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

const task = (key: string, due: string): TaskRow => ({ key, place: null, row: { set: { due }, state: { is: 'open' } } as never })
const tasks: Today = { lists: [], others: [
  { name: 'tasks_mine', query: '', count: 2, rows: [task('later', '2026-12-31'), task('late', '2026-11-20')] },
  { name: 'handovers', query: '', count: 1, rows: [] } as TodayList<TaskRow>,
  { name: 'tasks_to_verify', query: '', count: 1, rows: [task('theirs', '2026-11-30')] },
  { name: 'tasks_lapsed', query: '', count: 1, rows: [task('late', '2026-11-20')] },
] }
test('tasks: what others wait for first, by day, each once; only one’s own count as late', () => {
  const all = taskSections(tasks)
  expect(all.map((s) => [s.name, s.rows.map((r) => r.key), s.above])).toEqual([['tasks_to_verify', ['theirs'], 0], ['tasks_mine', ['late', 'later'], 0], ['tasks_lapsed', [], 1]])
  expect(tasksLate(all, '2026-11-24')).toBe(1)
  expect(taskSections({ lists: [] })).toEqual([])
})
test('acts on a task are guessed from its list', () => {
  expect(probablyMayTask(tasks, 'late', ['tasks.work'])).toEqual(['tasks.claim'])
  expect(probablyMayTask(tasks, 'theirs', ['tasks.verify'])).toEqual(['tasks.verify', 'tasks.reject'])
  expect(probablyMayTask(tasks, 'theirs', ['tasks.work'])).toEqual([])
})
