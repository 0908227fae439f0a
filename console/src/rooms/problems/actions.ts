// What each command on a problem asks for. Order is the order of the buttons: what usually comes next stands first.
import { FIELDS } from '@/api/types'
import type { CommandShape } from '@/shared/form/form'

const reason = { name: 'reason', kind: 'area', label: 'column.reason', required: true } as const
export const PROBLEM_COMMANDS: readonly CommandShape[] = [
  { type: 'problems.assign', fields: [{ name: 'post', kind: 'post', label: 'column.post' }, { name: 'due', kind: 'day', label: 'column.due', help: 'form.due_by_rule' }, { name: 'note', kind: 'area', label: 'column.note' }] },
  { type: 'problems.verify_fix', fields: [{ name: 'note', kind: 'area', label: 'column.note', required: true, help: 'form.verify_help' }, { name: 'photos', kind: 'photos', label: 'column.photos' }] },
  { type: 'problems.reject_fix', fields: [reason] },
  { type: 'problems.diagnose', fields: [{ name: 'cause', kind: 'area', label: 'column.cause', required: true }, { name: 'measure', kind: 'area', label: 'column.measure', required: true }] },
  { type: 'problems.claim_fix', fields: [{ name: 'text', kind: 'area', label: 'form.what_was_done', required: true }, { name: 'photos', kind: 'photos', label: 'column.photos', required: true }] },
  { type: 'problems.answer_escalation', fields: [{ name: 'text', kind: 'area', label: 'column.answer', required: true }, { name: 'due', kind: 'day', label: 'form.new_due' }] },
  { type: 'problems.answer_as_reporter', fields: [{ name: 'words', kind: 'area', label: 'column.words' }] },
  { type: 'problems.reopen', fields: [reason] },
  { type: 'problems.unmerge', fields: [reason] },
  { type: 'problems.dismiss', fields: [reason], alert: true },
  { type: 'problems.merge', fields: [{ name: 'into', kind: 'problem', label: 'column.into', required: true }] },
  { type: 'problems.escalate', fields: [reason] },
  { type: 'problems.reclassify', fields: [{ name: 'field', kind: 'choice', label: 'column.field', list: 'field', codes: FIELDS }, { name: 'place', kind: 'place', label: 'column.place' }, reason] },
  { type: 'problems.withhold', fields: [{ ...reason, help: 'form.withhold_help' }] },
  { type: 'problems.show', fields: [reason] },
]
/** Commands that may be given, in their order; a command that the console does not know is left out. */
export function commandsFor(may: readonly string[], all: readonly CommandShape[] = PROBLEM_COMMANDS): CommandShape[] {
  return all.filter((shape) => may.includes(shape.type))
}
