// A fact in words: its name, and each changed field as before → after. Pure; names of places are looked up by the caller.
import type { Change, Fact, Json } from '@/api/types'

export interface Wording {
  word: (list: string, code: string) => string
  has: (list: string, code: string) => boolean
  day: (ms: number) => string
  count: (n: number) => string
  position: (p: { lon_e7: number; lat_e7: number }) => string
  place: (id: number) => string
  /** The name of a person, where the fact comes with it. */
  person?: (id: string) => string | undefined
  /** The title of a form. */
  form?: (id: string) => string
  /** The list with the states of what the fact is about, where it has one of its own. */
  states?: string | undefined
  none: string
  yes: string
  no: string
  photos: (n: number) => string
  items: (n: number) => string
  comma: string
  semicolon: string
}

/** 'problem.assigned@1' → 'problem.assigned' */
export const kindOf = (fact: Pick<Fact, 'kind'>): string => fact.kind.replace(/@\d+$/, '')

/** Fields that repeat what another field already says, or that only the machine needs. */
const SILENT = new Set(['id', 'org', 'within', 'origin', 'updated_ms', 'reported_ms', 'reporter', 'grade_best', 'first_due', 'on_ms', 'before', 'set_ms', 'drawn_up_ms', 'contact', 'digest', 'md5', 'file', 'file_questions', 'uploaded_by', 'changed_ms', 'since_ms', 'opened_ms', 'reviewed_ms', 'doubts', 'judged', 'unjudged'])
/** States of a form are not those of a topic, though both may be open. */
const STATES: { [about: string]: string } = { form: 'form_state', submission: 'submission_state', campaign: 'campaign_state', task: 'task_state', person: 'person_state' }
const WORDED: { [field: string]: string } = { field: 'field', class: 'class', grade: 'grade', stage: 'stage', kind: 'kind', level: 'level', channel: 'channel', role: 'role', post_role: 'role', what: 'count', method: 'method', rule: 'rule', by: 'role', because: 'because', purpose: 'purpose', how: 'asked_by', count: 'count', verdict: 'verdict', when: 'apply_when' }
const PLACES = new Set(['place', 'parent', 'province', 'city', 'county', 'township'])

type Fields = { [key: string]: Json }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-/
const isObject = (value: Json): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

const DEPTH_MAX = 3
const depth = (value: Json): number => (typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0)

/** One value of one field, in words. */
export function valueInWords(field: string, value: Json, w: Wording): string {
  if (value === null || value === '') return w.none
  if (typeof value === 'boolean') return value ? w.yes : w.no
  if (typeof value === 'number') {
    if (field.endsWith('_ms')) return w.day(value)
    if (field === 'year') return String(value)
    if (PLACES.has(field)) return w.place(value)
    return w.count(value)
  }
  if (typeof value === 'string') {
    if (field === 'person') return w.person?.(value) ?? value.slice(0, 8)
    if (field === 'form' && w.form) return w.form(value)
    if (UUID.test(value)) return value.slice(0, 8)
    for (const list of ['task_kind', 'file_kind']) if (field === 'kind' && !w.has('kind', value) && w.has(list, value)) return w.word(list, value)
    if (field === 'state' && w.states && w.has(w.states, value)) return w.word(w.states, value)
    if (field === 'state' && !w.has('state', value) && w.has('task_state', value)) return w.word('task_state', value)
    const list = WORDED[field]
    return list && w.has(list, value) ? w.word(list, value) : field === 'state' ? w.word('state', value) : value
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return w.none
    if (value.every((item) => typeof item === 'string' && UUID.test(item))) return w.items(value.length)
    if (field === 'not_made') return w.items(value.length)
    if (field.endsWith('photos')) return w.photos(value.length)
    return value.map((item) => valueInWords(field === 'into' ? 'place' : field.replace(/s$/, ''), item, w)).join(w.comma)
  }
  if (typeof value['lon_e7'] === 'number' && typeof value['lat_e7'] === 'number') return w.position({ lon_e7: value['lon_e7'], lat_e7: value['lat_e7'] })
  // A version of a form: what it calls itself and what goes with it; its digests are for phones.
  const head = field === 'head' ? value : (value['head'] ?? null)
  if (isObject(head)) return valueInWords('', headInWords(head), w) || w.none
  // A mapping is read on its own page.
  if (field === 'mapping' && Array.isArray(value['rows'])) return w.items(value['rows'].length)
  if (field === 'tried' && 'counts' in value) return valueInWords('', { submissions: value['submissions'] ?? null, readings: value['readings'] ?? null, problems: value['problems'] ?? null, not_made: value['not_made'] ?? null }, w)
  if (field === 'sender' && isObject(value['post'] ?? null)) return valueInWords('post', value['post'] ?? null, w)
  if (typeof value['is'] === 'string') return w.word([...(w.states ? [w.states] : []), 'state', 'task_state', 'person_state'].find((list) => w.has(list, String(value['is']))) ?? 'state', value['is'])
  if (typeof value['role'] === 'string') {
    const place = value['place'] ?? null
    const named = typeof value['name'] === 'string' ? value : isObject(place) ? place : {}
    const name = typeof named['name'] === 'string' ? named['name'] : typeof place === 'number' ? w.place(place) : ''
    const line = typeof value['department'] === 'string' ? w.word('department', value['department']) : w.word('role', value['role'])
    return [name, line].filter(Boolean).join(' ')
  }
  // A rule as deep as a catalogue of works is read on its own page; here its day and its reason tell enough.
  return Object.entries(value).filter(([k, v]) => !SILENT.has(k) && v !== null && !(k === 'value' && depth(v) > DEPTH_MAX))
    .map(([k, v]) => `${label(k, w)} ${valueInWords(k, v, w)}`).join(w.semicolon)
}

/** What a form or a submission says of itself, without what only machines compare. */
function headInWords(head: Fields): Fields {
  const names = (list: Json | undefined): Json => (Array.isArray(list) && list.length ? list.map((f) => (isObject(f) ? (f['name'] ?? null) : f)) : null)
  return { version: head['version'] ?? null, encrypted: head['encrypted'] || null, files: names(head['files'] ?? head['mentioned']) }
}

/** The name of a field; names of counts and rule parts are looked up where columns have none. */
export function label(field: string, w: Pick<Wording, 'word' | 'has'>): string {
  for (const list of ['column', 'count', 'field']) if (w.has(list, field)) return w.word(list, field)
  return field
}

export interface ChangeInWords { field: string; label: string; before: string | null; after: string }

/** What a fact says: its changes where the server tells them, else its body. Where a list grew shorter, what is left of it does not
 *  say what happened: then the body does. */
export function saysInWords(fact: Pick<Fact, 'changed' | 'body'> & Partial<Pick<Fact, 'kind'>>, words: Wording): ChangeInWords[] {
  const w: Wording = { ...words, states: STATES[fact.kind?.split('.')[0] ?? ''] }
  const body = () => changesInWords(Object.entries(fact.body ?? {}).map(([field, after]) => ({ field, before: null, after })), w)
  if (!fact.changed) return body()
  const less = fact.changed.length > 0 && fact.changed.every(({ before, after }) => Array.isArray(before) && Array.isArray(after) && after.length < before.length)
  const said = less ? body() : []
  return said.length ? said : changesInWords(fact.changed, w)
}
/** What changed, without what was empty before and is empty after. A first value has no before. */
export function changesInWords(changed: readonly Change[], w: Wording): ChangeInWords[] {
  const out: ChangeInWords[] = []
  for (const change of changed) {
    if (SILENT.has(change.field)) continue
    // A map of things (the counts of a place) changes in its parts.
    const parts = isObject(change.after) && !('is' in change.after) && !('role' in change.after) && !('lon_e7' in change.after) && Object.values(change.after).some(isObject)
    if (change.field === 'versions' && change.before !== null && valueInWords('versions', change.before, w) === valueInWords('versions', change.after, w)) continue
    const pairs: [string, Json, Json][] = change.field === 'state' ? stateParts(change)
      : Array.isArray(change.after) && Array.isArray(change.before) ? [[change.field, null, added(change.before, change.after)]]
      : parts && isObject(change.after)
      ? Object.keys(change.after).map((k) => [change.field === 'mapped' && k === 'on' ? 'mapping_on' : k, isObject(change.before) ? (change.before[k] ?? null) : null, (change.after as Fields)[k] ?? null])
      : [[change.field, change.before, change.after]]
    for (const [field, before, after] of pairs) {
      // Who did it stands above; an id says nothing more.
      if (field === 'account' && typeof after === 'string' && UUID.test(after)) continue
      if (SILENT.has(field) || JSON.stringify(before) === JSON.stringify(after)) continue
      const was = empty(before) ? null : valueInWords(field, before, w), is = valueInWords(field, after, w)
      if (was === null && empty(after)) continue
      if (was === is) continue
      out.push({ field, label: label(field, w), before: was, after: is })
    }
  }
  return out
}
/** What was put into a list or altered in it; what was taken out shows as the whole remainder. */
function added(before: Json[], after: Json[]): Json {
  const old = new Set(before.map((item) => JSON.stringify(item)))
  const fresh = after.filter((item) => !old.has(JSON.stringify(item)))
  return fresh.length ? fresh : after
}
/** The state's word, and each thing it knows now that it did not know before. A first state is what the fact's own name says. */
function stateParts(change: Change): [string, Json, Json][] {
  const before = isObject(change.before) ? change.before : {}, after = isObject(change.after) ? change.after : {}
  const known = Object.keys(after).filter((k) => k !== 'is' && k !== 'by' && !k.endsWith('_ms')).map((k): [string, Json, Json] => [k, before[k] ?? null, after[k] ?? null])
  return [...(empty(change.before) ? [] : [['state', change.before, change.after] as [string, Json, Json]]), ...known]
}
const empty = (value: Json): boolean => value === null || value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0)
