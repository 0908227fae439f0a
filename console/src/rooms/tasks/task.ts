// The row of the view `tasks`, and what can be read from it. Pure.
import type { PlaceRef, Post, RowAnswer, TaskBody, TaskRow, TaskState } from '@/api/types'
import type { LocationQuery } from 'vue-router'

export interface Task { key: string; place: PlaceRef | null; set: TaskBody; state: TaskState; parts: string[]; rejected: number; lapsed: string | null; lapsed_to: Post | null; set_ms: number; may: string[] }
/** The server's row is trusted in shape. */
export function readTask(answer: Pick<RowAnswer, 'key' | 'row' | 'place' | 'may'>): Task {
  const row = answer.row as unknown as TaskRow
  return { key: answer.key, place: answer.place, set: row.set, state: row.state, parts: row.parts, rejected: row.rejected, lapsed: row.lapsed, lapsed_to: row.lapsed_to, set_ms: row.set_ms, may: answer.may ?? [] }
}
export const isLate = (task: Pick<Task, 'set' | 'state'>, today: string): boolean => task.state.is === 'open' && task.set.due < today
/** The shape of a state is that of a problem as far along: the word differs, the round fills alike. */
export const markOf = (state: TaskState['is']): string => ({ open: 'assigned', claimed: 'claimed', verified: 'confirmed', carried_over: 'merged', withdrawn: 'dismissed' })[state]

/** How many parts stand where: '3 of 8 verified' says what a claim still waits for. What was withdrawn is no longer a part. */
export function partsDone(parts: readonly Pick<Task, 'state'>[]): { done: number; of: number } {
  const wanted = parts.filter((p) => p.state.is !== 'withdrawn')
  return { done: wanted.filter((p) => p.state.is === 'verified').length, of: wanted.length }
}

export const TASK_FILTERS = ['year', 'kind', 'state', 'post_role', 'post_department', 'field', 'carried', 'open', 'due.from', 'due.to', 'lapsed.from', 'q', 'post', 'post_place', 'part_of', 'lapsed_to'] as const
/** Those that no control sets; they come with links and can be taken away. */
export const TASK_LINKED = TASK_FILTERS.slice(TASK_FILTERS.indexOf('post'))
export type TaskFilters = Partial<Record<(typeof TASK_FILTERS)[number], string>>
export function readTaskFilters(query: LocationQuery): TaskFilters {
  const out: TaskFilters = {}
  for (const name of TASK_FILTERS) { const value = query[name]; if (typeof value === 'string' && value !== '') out[name] = value }
  return out
}
/** '/api/rows/tasks?place=3&state=open'. A list of one post's own tasks is not narrowed to the place in view. */
export function tasksQuery(place: number, filters: TaskFilters, view = '/api/rows/tasks'): string {
  const q = new URLSearchParams()
  if (place && !filters.post && !filters.lapsed_to) q.set('place', String(place))
  for (const name of TASK_FILTERS) { const value = filters[name]; if (value) q.set(name, value) }
  return `${view}?${q}`
}
