// What each command on a form or a submission asks for. Bringing a form and its files has controls of its own.
import { Verdict, type FormState, type FormVersion } from '@/generated/api'
import type { CommandShape, FormField } from '@/shared/form/form'
import { t, word } from '@/words/words'

const reason: FormField = { name: 'reason', kind: 'area', label: 'column.reason', required: true }
/** Closing lets late ones in unless it is said otherwise: whoever is in a valley without a net has filled in already. Where it is
 *  offered no more, late ones can still be stopped. */
export function formCommands(may: readonly string[], state: FormState['is']): CommandShape[] {
  if (!may.includes('surveys.close')) return []
  const codes = ['true', 'false'] as const
  if (state === 'open') return [{ type: 'surveys.close', fields: [reason, { name: 'takes_late', kind: 'choice', label: 'surveys.late_ones', help: 'surveys.late_help', required: true, truth: true, codes, labels: { true: t('surveys.late_taken'), false: t('surveys.late_refused') }, initial: true }], alert: true }]
  return state === 'closing' ? [{ type: 'surveys.close', label: 'surveys.stop_late', fields: [reason], alert: true }] : []
}
/** Both stand under the same capability, surveys.manage; a version that was ever offered stays. */
export const droppable = (version: Pick<FormVersion, 'published_ms'>, may: readonly string[]): boolean => version.published_ms === null && (may.includes('surveys.drop_draft') || may.includes('surveys.publish'))
export function reviewCommands(may: readonly string[]): CommandShape[] {
  const fields: FormField[] = [{ name: 'verdict', kind: 'choice', label: 'surveys.verdict', required: true, codes: Verdict, labels: Object.fromEntries(Verdict.map((v) => [v, word('verdict', v)])), initial: 'approved' }, { name: 'note', kind: 'area', label: 'column.note', help: 'surveys.note_help' }]
  const said: FormField = { name: 'text', kind: 'area', label: 'surveys.comment', required: true }
  return [...(may.includes('surveys.review') ? [{ type: 'surveys.review' as const, fields }] : []), ...(may.includes('surveys.comment') ? [{ type: 'surveys.comment' as const, fields: [said] }] : [])]
}
export const publishable = (version: Pick<FormVersion, 'head' | 'file'>, offered: string | null): boolean => version.file !== offered && version.head.files.every((f) => f.file)
/** Publishing a form that asks what is known: why it is asked again. */
export const publishAgain: CommandShape = { type: 'surveys.publish', fields: [{ name: 'again', kind: 'area', label: 'surveys.again', required: true }] }
