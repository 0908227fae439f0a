// What each command on a place asks for.
import { CLASSES, COUNTS, GRADES, STAGES, type Level } from '@/api/types'
import type { CommandShape, FormField } from '@/shared/form/form'

const document: FormField = { name: 'document', kind: 'text', label: 'column.document', required: true, help: 'places.document_help' }
const from = (today: string): FormField => ({ name: 'from', kind: 'day', label: 'column.from', required: true, initial: today })
export function placeCommands(today: string, now: { name: string; code: string; level: Level; class: string | null; grade: string | null; stage: string | null }): CommandShape[] {
  return [
    { type: 'places.count', fields: [{ name: 'what', kind: 'choice', label: 'column.what', list: 'count', codes: COUNTS, required: true }, { name: 'value', kind: 'number', label: 'column.value', required: true, min: 0, help: 'places.count_help' }, { name: 'on', kind: 'day', label: 'column.on', required: true, initial: today }, { name: 'method', kind: 'choice', label: 'column.method', list: 'method', codes: ['counted', 'register', 'verified'], required: true }] },
    { type: 'places.classify', fields: [{ name: 'class', kind: 'choice', label: 'column.class', list: 'class', codes: CLASSES, required: true, initial: now.class ?? CLASSES[0], help: 'places.class_help' }, from(today), document] },
    { type: 'places.grade', fields: [{ name: 'grade', kind: 'choice', label: 'column.grade', list: 'grade', codes: GRADES, required: true, initial: now.grade ?? GRADES[0] }, from(today), document] },
    { type: 'places.enter_stage', fields: [{ name: 'stage', kind: 'choice', label: 'column.stage', list: 'stage', codes: STAGES, required: true, initial: now.stage ?? STAGES[0] }, from(today), document] },
    { type: 'places.rename', fields: [{ name: 'name', kind: 'text', label: 'column.name', required: true, initial: now.name }, from(today), document] },
    { type: 'places.recode', fields: [{ name: 'code', kind: 'text', label: 'column.code', required: true, initial: now.code, help: 'places.code_help' }, from(today), document] },
    { type: 'places.locate', fields: [{ name: 'position', kind: 'position', label: 'column.position', required: true }, { name: 'source', kind: 'text', label: 'column.source', required: true, help: 'places.source_help' }] },
    { type: 'places.close', alert: true, fields: [{ name: 'on', kind: 'day', label: 'column.on', required: true, initial: today }, { name: 'into', kind: 'places', label: 'column.into', help: 'places.into_help', level: now.level, max: 10 }, document] },
    { type: 'places.reinstate', fields: [{ ...document, help: 'places.reinstate_help' }] },
  ]
}
