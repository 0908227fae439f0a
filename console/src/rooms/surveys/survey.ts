// The rows of the views `forms` and `submissions`, and what can be read from them. Pure.
import type { RowAnswer } from '@/api/types'
import type { FormRow, FormState, FormVersion, SubmissionRow, SubmissionState } from '@/generated/api'

/** The server's rows are trusted in shape. */
export const readForm = (answer: Pick<RowAnswer, 'row'>): FormRow => answer.row as unknown as FormRow
export const readSubmission = (answer: Pick<RowAnswer, 'row'>): SubmissionRow => answer.row as unknown as SubmissionRow
/** Filters of the list of submissions, by the names that the server knows. */
export const FILTERS = ['form', 'form_version', 'form_id', 'state', 'current', 'account', 'received_on.from', 'received_on.to', 'doubtful', 'files_missing.from'] as const
export const STATES: readonly SubmissionState['is'][] = ['received', 'has_issues', 'approved', 'rejected', 'replaced']
/** A file with the submissions of a form, as the list is narrowed; the form stands in the path, the heads are its questions. */
export function exportOf(form: string, kind: 'csv' | 'xlsx' | 'geojson' | 'zip', search: string): string {
  const q = new URLSearchParams(search)
  q.delete('form')
  q.set('head', 'label')
  return `/api/forms/${form}/submissions.${kind}?${q}`
}
/** Whether somebody has to look because something does not fit 待核: nobody has yet. */
export const doubtful = (row: Pick<SubmissionRow, 'state' | 'checked'>): boolean => row.state.is === 'received' && (row.checked?.doubts_count ?? 0) > 0
/** The shape of a state is that of a problem as far along: the word differs, the round fills alike. */
export const formMark = (state: FormState['is']): string => ({ draft: 'reported', open: 'confirmed', closing: 'assigned', closed: 'dismissed' })[state]
export const submissionMark = (state: SubmissionState['is']): string => ({ received: 'reported', has_issues: 'overdue', approved: 'confirmed', rejected: 'dismissed', replaced: 'merged' })[state]
/** A version as it stands in addresses; three underlines where it has no name. */
export const versionPart = (version: string | null | undefined): string => (version ? encodeURIComponent(version) : '___')
/** The newest first: what is being prepared, then what is in use. */
export const newestFirst = (versions: readonly FormVersion[]): FormVersion[] => [...versions].reverse()
export const missingFiles = (version: Pick<FormVersion, 'head'>): string[] => version.head.files.filter((f) => !f.file).map((f) => f.name)
/** Files that a submission mentions and that have not come. */
export const notCome = (row: Pick<SubmissionRow, 'head' | 'files'>): string[] => row.head.mentioned.filter((name) => !row.files.some((f) => f.name === name))
/** The last two steps of a path say which question it is. */
export const questionOf = (path: string): string => path.split('/').filter(Boolean).slice(1).join(' / ')
