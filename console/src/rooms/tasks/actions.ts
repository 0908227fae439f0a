// What each command on a task asks for. Passing down has a form of its own.
import type { Json } from '@/api/types'
import type { CommandShape, FormField } from '@/shared/form/form'
import type { Task } from './task'

const reason: FormField = { name: 'reason', kind: 'area', label: 'column.reason', required: true }
export function taskCommands(task: Task, today: string): CommandShape[] {
  const target = task.set.kind === 'target'
  const amount = (initial: number | null): FormField[] => (target ? [{ name: 'done', kind: 'number', label: 'tasks.done', required: true, min: 0, initial }] : [])
  const next = task.set.year + 1
  const all: CommandShape[] = [
    { type: 'tasks.claim', fields: [{ name: 'text', kind: 'area', label: 'form.what_was_done', required: true }, ...amount(task.set.quantity?.value ?? null), { name: 'photos', kind: 'photos', label: 'column.photos' }] },
    { type: 'tasks.verify', fields: [{ name: 'note', kind: 'area', label: 'column.note', required: true, help: 'form.verify_help' }, ...amount(task.state.is === 'claimed' ? task.state.claim.done : null)] },
    { type: 'tasks.reject', fields: [reason] },
    { type: 'tasks.amend', fields: [{ name: 'lead', kind: 'post', label: 'tasks.lead', required: true, initial: { ...task.set.lead } as unknown as Json }, { name: 'helpers', kind: 'posts', label: 'tasks.helpers', initial: task.set.helpers.map((p) => ({ ...p })) as unknown as Json }, { name: 'due', kind: 'day', label: 'column.due', required: true, initial: task.set.due }, reason] },
    { type: 'tasks.carry_over', fields: [{ name: 'year', kind: 'number', label: 'column.year', required: true, min: next, initial: next }, { name: 'due', kind: 'day', label: 'column.due', required: true, min: today, initial: `${next}-12-31` }, { ...reason, label: 'tasks.why_not_done' }] },
    { type: 'tasks.withdraw', fields: [reason], alert: true },
  ]
  return all.filter((shape) => task.may.includes(shape.type))
}
