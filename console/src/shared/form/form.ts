// What a command asks for, as data; CommandForm.vue draws it and puts each refusal beside the field it speaks of.
import type { CommandType, Finding, Json, Level, ProblemDocument } from '@/api/types'
import { t, word, type Key } from '@/words/words'

export type FieldKind = 'text' | 'area' | 'day' | 'number' | 'choice' | 'photos' | 'position' | 'post' | 'problem' | 'place' | 'places' | 'official' | 'posts' | 'quantity'
export interface FormField {
  name: string
  kind: FieldKind
  label: Key
  help?: Key
  required?: boolean
  /** For 'choice': the list of words and its codes. */
  list?: string
  codes?: readonly string[]
  /** For 'choice': what the codes are called, where no list of words has them. */
  labels?: { readonly [code: string]: string }
  /** For 'choice': what is sent is true or false, and the codes are 'true' and 'false'. */
  truth?: boolean
  initial?: Json
  min?: string | number
  /** For 'day': the last that can be picked. */
  latest?: string
  /** For 'place' and 'places': what may be picked, and how many. */
  level?: Level
  max?: number
}
export interface CommandShape { type: CommandType; fields: FormField[]; alert?: boolean; /** What the button says, where the command's own name says too much or too little. */ label?: Key }
export const shapeName = (shape: CommandShape): string => (shape.label ? t(shape.label) : word('command', shape.type))

/** Findings by field; what names no field of the form is left for the top of it. */
export function findingsByField(document: ProblemDocument | null, fields: readonly FormField[]): { byField: Map<string, string>; rest: Finding[] } {
  const byField = new Map<string, string>(), rest: Finding[] = []
  for (const finding of document?.findings ?? []) {
    const name = [finding.field, finding.field?.split(/[./[]/)[0]].find((named) => named && fields.some((f) => f.name === named))
    if (name) byField.set(name, finding.message ?? finding.reason)
    // What is the detail already is not said twice.
    else if (finding.message !== document?.detail) rest.push(finding)
  }
  return { byField, rest }
}

/** What is sent: nothing for what was left open, so that the server's own default holds. `contact.name` is the name in a contact. */
export function filled(values: { [name: string]: Json }): { [name: string]: Json } {
  const out: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '') continue
    const [outer = '', inner] = name.split('.')
    if (inner === undefined) out[outer] = value
    else out[outer] = { ...(out[outer] as { [name: string]: Json } | undefined), [inner]: value }
  }
  return out
}
