import type { TaskRow, TaskState } from '@/api/types'
import { isTaskListName, probablyMayTask } from '@/rooms/today/order'
import { useRow, type OneRow } from '@/store/row'

export const useTask = (id: () => string): OneRow<TaskRow> => useRow('tasks', id, (day) => (day.others ?? []).flatMap((l) => (isTaskListName(l.name) ? l.rows : [])), probablyMayTask)
/** The shape of a state is that of a problem as far along, as in the console. */
export const markOf = (state: TaskState['is']): string => ({ open: 'assigned', claimed: 'claimed', verified: 'confirmed', carried_over: 'merged', withdrawn: 'dismissed' })[state]
/** How many parts are done; what was withdrawn is no longer a part. */
export function partsDone(parts: readonly TaskRow[]): { done: number; of: number } {
  const wanted = parts.filter((p) => p.row.state.is !== 'withdrawn')
  return { done: wanted.filter((p) => p.row.state.is === 'verified').length, of: wanted.length }
}
