// The catalogue and the standards as they are typed in: texts where people type, and what is wrong with them. The server judges in
// the end; here stands what can be said at the field. Pure.
import type { Asks, Catalogue, Class, Counted, Field, Role, Standard, Standards, WorkKind } from '@/generated/api'
import type { Key } from '@/words/words'

/** Levels of a kind of work at most, fen of one unit at most: as the server has them. */
export const LEVELS_MAX = 5
const UNIT_FEN_MAX = 10_000_000_000
const CODE = /^[a-z][a-z0-9_]{0,39}$/, FIGURE = /^[a-z0-9_]{1,60}$/

/** Yuan as people type them, in fen: '1,234.5' is 123450. By digits, so that no fen is lost; null where it is no amount. */
export function fenOf(text: string): number | null {
  const plain = text.normalize('NFKC').replace(/[\s,]/g, ''), found = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(plain)
  return found ? Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0')) : null
}
/** Fen as text to type over: 123450 is '1234.50', 120000 is '1200'. */
export function yuanTyped(fen: number): string {
  const rest = fen % 100
  return `${(fen - rest) / 100}${rest ? `.${String(rest).padStart(2, '0')}` : ''}`
}
/** A whole number from least to most; null where it is none. */
export function wholeOf(text: string | number, least: number, most: number): number | null {
  const plain = String(text).normalize('NFKC').trim(), n = Number(plain)
  return /^\d{1,9}$/.test(plain) && n >= least && n <= most ? n : null
}
export const linesIn = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean)

export interface Fault { at: string; says: Key }
/** Whether anything was typed where a fault is: what is still empty is not blamed before somebody wants to save. */
export function typedAt(draft: object, at: string): boolean {
  const found = at.split('.').reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as { [key: string]: unknown })[key] : undefined), draft)
  return Array.isArray(found) ? found.length > 0 : typeof found === 'string' && found !== ''
}

// ---- a kind of work ----

export interface LevelDraft { name: string; cost_min: string; cost_max: string; upkeep: string; labour_hours: string; benefit: string }
export interface WorkDraft { code: string; name: string; field: Field; unit: string; difficulty: string; load: string; in_lines: boolean; levels: LevelDraft[]; after: { work: string; years: string }[]; accepted: string }

export const emptyLevel = (): LevelDraft => ({ name: '', cost_min: '', cost_max: '', upkeep: '', labour_hours: '0', benefit: '' })
export function draftOfWork(code: string, kind: WorkKind | null): WorkDraft {
  if (!kind) return { code, name: '', field: 'waste', unit: '', difficulty: '', load: '', in_lines: false, levels: [emptyLevel()], after: [], accepted: '' }
  return {
    code, name: kind.name, field: kind.field, unit: kind.unit, difficulty: String(kind.difficulty), load: String(kind.load), in_lines: kind.in_lines ?? false,
    levels: kind.levels.map((l) => ({ name: l.name, cost_min: yuanTyped(l.cost_min_fen), cost_max: yuanTyped(l.cost_max_fen), upkeep: yuanTyped(l.upkeep_fen_per_year), labour_hours: String(l.labour_hours), benefit: String(l.benefit) })),
    after: Object.entries(kind.after ?? {}).map(([work, years]) => ({ work, years: String(years) })),
    accepted: (kind.accepted_when ?? []).join('\n'),
  }
}
/** What is wrong, by field; `taken` are the names in use already where a kind is new, null where it is not. */
export function faultsOfWork(draft: WorkDraft, taken: readonly string[] | null): Fault[] {
  const faults: Fault[] = [], say = (at: string, says: Key) => { faults.push({ at, says }) }
  if (taken && !CODE.test(draft.code)) say('code', 'catalogue.fault_code')
  else if (taken?.includes(draft.code)) say('code', 'catalogue.fault_taken')
  for (const at of ['name', 'unit'] as const) if (!draft[at].trim()) say(at, 'form.required')
  if (wholeOf(draft.difficulty, 1, 5) === null) say('difficulty', 'catalogue.fault_difficulty')
  if (wholeOf(draft.load, 1, 100) === null) say('load', 'catalogue.fault_load')
  for (const [n, level] of draft.levels.entries()) {
    const [min, max, upkeep] = [level.cost_min, level.cost_max, level.upkeep].map(fenOf)
    const good = (fen: number | null | undefined) => fen !== null && fen !== undefined && fen <= UNIT_FEN_MAX
    if (!level.name.trim()) say(`levels.${n}.name`, 'form.required')
    if (!good(min)) say(`levels.${n}.cost_min`, 'catalogue.fault_money')
    if (!good(max)) say(`levels.${n}.cost_max`, 'catalogue.fault_money')
    else if (good(min) && (max ?? 0) < (min ?? 0)) say(`levels.${n}.cost_max`, 'catalogue.fault_range')
    if (!good(upkeep)) say(`levels.${n}.upkeep`, 'catalogue.fault_money')
    if (wholeOf(level.labour_hours, 0, 65_535) === null) say(`levels.${n}.labour_hours`, 'catalogue.fault_whole')
    if (wholeOf(level.benefit, 1, 65_535) === null) say(`levels.${n}.benefit`, 'catalogue.fault_benefit')
  }
  for (const [n, one] of draft.after.entries()) {
    if (!one.work) say(`after.${n}.work`, 'form.required')
    else if (draft.after.findIndex((other) => other.work === one.work) < n) say(`after.${n}.work`, 'catalogue.fault_twice')
    if (wholeOf(one.years, 0, 10) === null) say(`after.${n}.years`, 'catalogue.fault_years')
  }
  const items = linesIn(draft.accepted)
  if (items.length > 20 || items.some((item) => item.length > 200)) say('accepted', 'catalogue.fault_accepted')
  return faults
}
/** The kind of work that a draft without faults describes. */
export function workOf(draft: WorkDraft): WorkKind {
  const whole = (text: string) => Number(text.normalize('NFKC').trim())
  return {
    name: draft.name.trim(), field: draft.field, unit: draft.unit.trim(),
    levels: draft.levels.map((l) => ({ name: l.name.trim(), cost_min_fen: fenOf(l.cost_min) ?? 0, cost_max_fen: fenOf(l.cost_max) ?? 0, upkeep_fen_per_year: fenOf(l.upkeep) ?? 0, labour_hours: whole(l.labour_hours), benefit: whole(l.benefit) })),
    after: Object.fromEntries(draft.after.map((one) => [one.work, whole(one.years)])),
    difficulty: whole(draft.difficulty), load: whole(draft.load), in_lines: draft.in_lines, accepted_when: linesIn(draft.accepted),
  }
}
export const withWork = (catalogue: Catalogue | null, code: string, kind: WorkKind): Catalogue => ({ works: { ...catalogue?.works, [code]: kind } })
/** Without a kind of work, and without what had to wait for it. */
export function withoutWork(catalogue: Catalogue, code: string): Catalogue {
  const others = Object.entries(catalogue.works).filter(([other]) => other !== code)
  return { works: Object.fromEntries(others.map(([other, kind]) => [other, { ...kind, after: Object.fromEntries(Object.entries(kind.after ?? {}).filter(([before]) => before !== code)) }])) }
}
/** Names of the kinds of works that wait for this one. */
export const waitingFor = (catalogue: Catalogue, code: string): string[] => Object.values(catalogue.works).filter((kind) => code in (kind.after ?? {})).map((kind) => kind.name)

// ---- standards ----

/** One line; an empty class stands for every class without lines of its own. Fields of other kinds of demand are kept. */
export interface StandardDraft { class: Class | ''; work: string; is: Asks['is']; figure: string; of: Counted; value: string; level: string }
export interface StandardsDraft { rows: StandardDraft[]; /** Classes of which nothing at all is asked. */ nothing: Class[]; seen_by: Role[]; known_months: string }

export const emptyStandard = (work: string): StandardDraft => ({ class: '', work, is: 'share', figure: '', of: 'households_resident', value: '', level: '1' })
export function draftOfStandards(standards: Standards | null): StandardsDraft {
  if (!standards) return { rows: [], nothing: [], seen_by: [], known_months: '' }
  const lists: [Class | '', { [work: string]: Standard }][] = [...Object.entries(standards.by_class).map(([name, list]): [Class, { [work: string]: Standard }] => [name as Class, list]), ['', standards.otherwise]]
  const row = (of: Class | '', work: string, { asks, level }: Standard): StandardDraft => {
    const line = { ...emptyStandard(work), class: of, is: asks.is, level: String(level) }
    if (asks.is === 'no_open_problem') return line
    return asks.is === 'share' ? { ...line, figure: asks.figure, of: asks.of, value: String(asks.percent) } : { ...line, figure: asks.figure, value: String(asks.value) }
  }
  return {
    rows: lists.flatMap(([of, list]) => Object.entries(list).map(([work, standard]) => row(of, work, standard))),
    nothing: lists.flatMap(([of, list]) => (of && Object.keys(list).length === 0 ? [of] : [])),
    seen_by: [...standards.seen_by], known_months: String(standards.known_months),
  }
}
/** What is wrong, by line and field. `levels` is how many standards each kind of work has in the catalogue. */
export function faultsOfStandards(draft: StandardsDraft, levels: { [work: string]: number }): Fault[] {
  const faults: Fault[] = [], say = (at: string, says: Key) => { faults.push({ at, says }) }
  for (const [n, row] of draft.rows.entries()) {
    if (!row.work) say(`${n}.work`, 'form.required')
    else if (draft.rows.findIndex((other) => other.class === row.class && other.work === row.work) < n) say(`${n}.work`, 'catalogue.fault_twice')
    if (row.class && draft.nothing.includes(row.class)) say(`${n}.class`, 'catalogue.fault_nothing')
    if (row.is !== 'no_open_problem' && !FIGURE.test(row.figure.trim())) say(`${n}.figure`, 'catalogue.fault_figure')
    if (row.is === 'share' && wholeOf(row.value, 1, 100) === null) say(`${n}.value`, 'catalogue.fault_percent')
    if ((row.is === 'at_least' || row.is === 'at_most') && wholeOf(row.value, 0, 999_999_999) === null) say(`${n}.value`, 'catalogue.fault_whole')
    if (wholeOf(row.level, 1, levels[row.work] ?? LEVELS_MAX) === null) say(`${n}.level`, 'catalogue.fault_level')
  }
  if (!draft.rows.length) say('rows', 'catalogue.fault_no_rows')
  if (!draft.seen_by.length) say('seen_by', 'catalogue.fault_seen_by')
  if (wholeOf(draft.known_months, 1, 120) === null) say('known_months', 'catalogue.fault_months')
  return faults
}
/** The standards that a draft without faults describes. */
export function standardsOf(draft: StandardsDraft): Standards {
  const whole = (text: string) => Number(text.normalize('NFKC').trim())
  const asks = (row: StandardDraft): Asks => {
    const figure = row.figure.trim()
    switch (row.is) {
      case 'share': return { is: 'share', figure, of: row.of, percent: whole(row.value) }
      case 'at_least': return { is: 'at_least', figure, value: whole(row.value) }
      case 'at_most': return { is: 'at_most', figure, value: whole(row.value) }
      case 'no_open_problem': return { is: 'no_open_problem' }
    }
  }
  const by_class: Standards['by_class'] = Object.fromEntries(draft.nothing.map((of) => [of, {}])), otherwise: Standards['otherwise'] = {}
  for (const row of draft.rows) {
    const list = row.class ? (by_class[row.class] ??= {}) : otherwise
    list[row.work] = { asks: asks(row), level: whole(row.level) }
  }
  return { by_class, otherwise, seen_by: [...draft.seen_by], known_months: whole(draft.known_months) }
}
