// A fact in words: its name, and each changed field as before → after. Pure; names of places are looked up by the caller.
import type { Change, Fact, Json } from '@/api/types'

export interface Wording {
  word: (list: string, code: string) => string
  has: (list: string, code: string) => boolean
  day: (ms: number) => string
  count: (n: number) => string
  position: (p: { lon_e7: number; lat_e7: number }) => string
  place: (id: number) => string
  none: string
  yes: string
  no: string
  photos: (n: number) => string
}

/** 'problem.assigned@1' → 'problem.assigned' */
export const kindOf = (fact: Pick<Fact, 'kind'>): string => fact.kind.replace(/@\d+$/, '')

/** Fields that repeat what another field already says, or that only the machine needs. */
const SILENT = new Set(['id', 'org', 'within', 'origin', 'updated_ms', 'grade_best'])
const WORDED: { [field: string]: string } = { field: 'field', class: 'class', grade: 'grade', stage: 'stage', kind: 'kind', level: 'level', channel: 'channel', role: 'role', what: 'count', method: 'method', rule: 'rule', by: 'role' }
const PLACES = new Set(['place', 'parent', 'province', 'city', 'county', 'township'])

type Fields = { [key: string]: Json }
const isObject = (value: Json): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** One value of one field, in words. */
export function valueInWords(field: string, value: Json, w: Wording): string {
  if (value === null || value === '') return w.none
  if (typeof value === 'boolean') return value ? w.yes : w.no
  if (typeof value === 'number') {
    if (field.endsWith('_ms')) return w.day(value)
    if (PLACES.has(field)) return w.place(value)
    return w.count(value)
  }
  if (typeof value === 'string') {
    const list = WORDED[field]
    return list && w.has(list, value) ? w.word(list, value) : field === 'state' ? w.word('state', value) : value
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return w.none
    if (field.endsWith('photos')) return w.photos(value.length)
    return value.map((item) => valueInWords(field === 'into' ? 'place' : field.replace(/s$/, ''), item, w)).join('、')
  }
  if (typeof value['lon_e7'] === 'number' && typeof value['lat_e7'] === 'number') return w.position({ lon_e7: value['lon_e7'], lat_e7: value['lat_e7'] })
  if (typeof value['is'] === 'string') return w.word('state', value['is'])
  if (typeof value['role'] === 'string') {
    const place = value['place'] ?? null
    const name = typeof place === 'number' ? w.place(place) : isObject(place) && typeof place['name'] === 'string' ? place['name'] : ''
    return [name, w.word('role', value['role'])].filter(Boolean).join(' ')
  }
  return Object.entries(value).filter(([k, v]) => !SILENT.has(k) && v !== null)
    .map(([k, v]) => `${label(k, w)} ${valueInWords(k, v, w)}`).join('；')
}

/** The name of a field; names of counts and rule parts are looked up where columns have none. */
export function label(field: string, w: Pick<Wording, 'word' | 'has'>): string {
  for (const list of ['column', 'count', 'field']) if (w.has(list, field)) return w.word(list, field)
  return field
}

export interface ChangeInWords { field: string; label: string; before: string | null; after: string }

/** What changed, without what was empty before and is empty after. A first value has no before. */
export function changesInWords(changed: readonly Change[], w: Wording): ChangeInWords[] {
  const out: ChangeInWords[] = []
  for (const change of changed) {
    if (SILENT.has(change.field)) continue
    // A map of things (the counts of a place) changes in its parts.
    const parts = isObject(change.after) && !('is' in change.after) && !('role' in change.after) && !('lon_e7' in change.after) && Object.values(change.after).some(isObject)
    const pairs: [string, Json, Json][] = parts && isObject(change.after)
      ? Object.keys(change.after).map((k) => [k, isObject(change.before) ? (change.before[k] ?? null) : null, (change.after as Fields)[k] ?? null])
      : [[change.field, change.before, change.after]]
    for (const [field, before, after] of pairs) {
      if (JSON.stringify(before) === JSON.stringify(after)) continue
      const was = empty(before) ? null : valueInWords(field, before, w), is = valueInWords(field, after, w)
      if (was === null && empty(after)) continue
      if (was === is) continue
      out.push({ field, label: label(field, w), before: was, after: is })
    }
  }
  return out
}
const empty = (value: Json): boolean => value === null || value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0)
