// The order of the day: what hurts most first; each problem and each task once.
import type { ProblemRow, TaskRow, Today, TodayList } from '@/api/types'
import { clockOf } from '@/format/format'

export const LISTS = ['overdue', 'reopened', 'to_answer', 'to_verify', 'mine', 'to_triage'] as const
export type ListName = (typeof LISTS)[number]
export const isListName = (name: string): name is ListName => (LISTS as readonly string[]).includes(name)

export const TASK_LISTS = ['tasks_to_verify', 'tasks_mine', 'tasks_lapsed'] as const
export type TaskListName = (typeof TASK_LISTS)[number]
export const isTaskListName = (name: string): name is TaskListName => (TASK_LISTS as readonly string[]).includes(name)

export interface Section<N = ListName, R = ProblemRow> { name: N; count: number; rows: R[]; above: number; more: boolean }

/** By clock, the nearest first; without one, the longest waiting first. */
export function byUrgency(a: ProblemRow, b: ProblemRow): number {
  const x = clockOf(a.row) ?? '9999', y = clockOf(b.row) ?? '9999'
  return x < y ? -1 : x > y ? 1 : a.row.reported_ms - b.row.reported_ms
}
/** Whoever holds two posts gets a list for each: shown as one. */
function joined<N extends string, R>(lists: readonly TodayList<R>[], names: readonly N[]): (TodayList<R> & { name: N })[] {
  return names.flatMap((name) => {
    const same = lists.filter((l) => l.name === name)
    return same[0] ? [{ ...same[0], name, count: same.reduce((sum, l) => sum + l.count, 0), rows: same.flatMap((l) => l.rows) }] : []
  })
}
/** The lists in order; what stands in an earlier one is only counted (`above`). */
function inOrder<N extends string, R extends { key: string }>(lists: readonly TodayList<R>[], names: readonly N[], by: (a: R, b: R) => number): Section<N, R>[] {
  const seen = new Set<string>()
  return joined(lists, names).filter((l) => l.count > 0).map((l) => {
    const rows = l.rows.filter((r) => !seen.has(r.key)).sort(by)
    for (const r of rows) seen.add(r.key)
    return { name: l.name, count: l.count, rows, above: l.rows.length - rows.length, more: l.count > l.rows.length }
  })
}
export const sections = (today: Today): Section[] => inOrder(today.lists, LISTS, byUrgency)
export const taskSections = (today: Today): Section<TaskListName, TaskRow>[] => inOrder(today.others ?? [], TASK_LISTS, (a, b) => (a.row.set.due < b.row.set.due ? -1 : a.row.set.due > b.row.set.due ? 1 : 0))
/** How many tasks that one leads have missed their day. */
export const tasksLate = (all: readonly Section<TaskListName, TaskRow>[], today: string): number => all.flatMap((s) => (s.name === 'tasks_mine' ? s.rows : [])).filter((r) => r.row.set.due < today).length
/** How many wait, each counted once; `least` where lists are longer than what was sent. */
export function total(all: readonly Pick<Section<string, unknown>, 'rows' | 'more'>[]): { n: number; least: boolean } {
  return { n: all.reduce((sum, s) => sum + s.rows.length, 0), least: all.some((s) => s.more) }
}

const ACTS: { [name in ListName]: string[] } = {
  to_triage: ['problems.assign', 'problems.dismiss'],
  mine: ['problems.diagnose', 'problems.claim_fix'],
  reopened: ['problems.diagnose', 'problems.claim_fix'],
  overdue: ['problems.diagnose', 'problems.claim_fix'],
  to_verify: ['problems.verify_fix', 'problems.reject_fix'],
  to_answer: ['problems.answer_escalation'],
}
/** Without the server it is not known what may be done on a problem that was never opened; the list it stands in says it
    well enough. The server decides when the act arrives. */
export function probablyMay(today: Today, key: string, capabilities: readonly string[]): string[] {
  const needs: { [act: string]: string } = {
    'problems.assign': 'problems.triage', 'problems.dismiss': 'problems.triage', 'problems.diagnose': 'problems.work', 'problems.claim_fix': 'problems.work',
    'problems.verify_fix': 'problems.verify', 'problems.reject_fix': 'problems.verify', 'problems.answer_escalation': 'problems.answer',
  }
  const acts = today.lists.filter((l) => isListName(l.name) && l.rows.some((r) => r.key === key)).flatMap((l) => ACTS[l.name as ListName])
  return [...new Set(acts)].filter((a) => capabilities.includes(needs[a] ?? ''))
}
export function probablyMayTask(today: Today, key: string, capabilities: readonly string[]): string[] {
  const stands = (name: TaskListName): boolean => (today.others ?? []).some((l) => l.name === name && l.rows.some((r) => r.key === key))
  return [...(stands('tasks_mine') && capabilities.includes('tasks.work') ? ['tasks.claim'] : []), ...(stands('tasks_to_verify') && capabilities.includes('tasks.verify') ? ['tasks.verify', 'tasks.reject'] : [])]
}
