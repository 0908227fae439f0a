// What answers become, as it is written down in the form on the page and as the server takes it. Pure.
import { Counted, Field, Method, type Mapping, type MappingRow, type QuestionTold, type Target } from '@/generated/api'

/** One line of the form; fields of other kinds are kept, so that switching there and back loses nothing. */
export interface DraftRow { from: string; is: Target['is']; figure: string; title: string; decimals: number; yes: string; what: Counted; method: Method; field: Field; text: string; photo: string }
export interface DraftMapping { village: string; day: string; when: Mapping['when']; rows: DraftRow[] }

export const KINDS: readonly Target['is'][] = ['reading', 'count', 'problem']
const EMPTY: DraftRow = { from: '', is: 'reading', figure: '', title: '', decimals: 0, yes: '', what: 'households_resident', method: 'counted', field: 'appearance', text: '', photo: '' }

/** A line for a question: its last name is what the figure is called, if it can be. */
export function newRow(question?: Pick<QuestionTold, 'path' | 'label'>): DraftRow {
  if (!question) return { ...EMPTY }
  const last = (question.path.split('/').pop() ?? '').toLowerCase()
  return { ...EMPTY, from: question.path, figure: /^[a-z0-9_]+$/.test(last) ? last : '', title: (question.label ?? last).slice(0, 100) }
}

/** What becomes of a line whose question is exchanged: what was suggested for the former is suggested anew, what was typed stays. */
export function askedAnew(row: DraftRow, path: string, questions: readonly Pick<QuestionTold, 'path' | 'label'>[]): Pick<DraftRow, 'from' | 'figure' | 'title'> {
  const suggested = (from: string) => newRow(questions.find((q) => q.path === from) ?? { path: from, label: null })
  const before = suggested(row.from), now = suggested(path)
  const again = (name: 'figure' | 'title') => (row[name].trim() === '' || row[name] === before[name] ? now[name] : row[name])
  return { from: path, figure: again('figure'), title: again('title') }
}

export function draftOf(mapping: Mapping | null | undefined): DraftMapping {
  if (!mapping) return { village: '', day: '', when: 'approved', rows: [] }
  const row = ({ from, to }: MappingRow): DraftRow => {
    const of = { ...EMPTY, from, is: to.is }
    if (to.is === 'reading') return { ...of, figure: to.figure, title: to.title, decimals: to.decimals ?? 0, yes: (to.yes ?? []).join(', ') }
    if (to.is === 'count') return { ...of, what: to.what, method: to.method }
    return { ...of, field: to.field, yes: to.yes.join(', '), text: to.text ?? '', photo: to.photo ?? '' }
  }
  return { village: mapping.village ?? '', day: mapping.day ?? '', when: mapping.when, rows: mapping.rows.map(row) }
}

/** Answers parted by commas, of either script. */
export const answersIn = (text: string): string[] => text.split(/[,\uFF0C\u3001]/).map((one) => one.trim()).filter(Boolean)

export function mappingOf(draft: DraftMapping): Mapping {
  const to = (row: DraftRow): Target => {
    if (row.is === 'reading') return { is: 'reading', figure: row.figure.trim(), title: row.title.trim(), decimals: row.decimals, yes: answersIn(row.yes) }
    if (row.is === 'count') return { is: 'count', what: row.what, method: row.method }
    return { is: 'problem', field: row.field, yes: answersIn(row.yes), text: row.text || null, photo: row.photo || null }
  }
  return { village: draft.village || null, day: draft.day || null, when: draft.when, rows: draft.rows.map((row) => ({ from: row.from, to: to(row) })) }
}

/** A value with its point: 35 with one digit is 3.5. */
export function figureOf(value: number, decimals: number): string {
  return (value / 10 ** decimals).toFixed(decimals)
}
