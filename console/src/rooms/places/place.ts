// The row of the view `places`, and what can be read from it. Pure.
import type { Count, Level, Position, RowAnswer } from '@/api/types'
import { COUNTS } from '@/api/types'

export interface CountValue { value: number; on: string; method: string; shrunk_from?: { value: number; on: string } | null }
export interface Place {
  id: number
  code: string
  name: string
  level: Level
  kind: string
  class: string | null
  grade: string | null
  grade_best: string | null
  stage: string | null
  position: Position | null
  counts: Partial<Record<Count, CountValue>>
  former_codes: { code: string; from?: string | null; until?: string | null }[]
  former_names: string[]
  closed: { on?: string | null; into: number[]; document?: string } | null
}
export function readPlace(answer: Pick<RowAnswer, 'key' | 'row' | 'place'>): Place {
  const row = answer.row as unknown as Partial<Place>
  return {
    id: row.id ?? Number(answer.key), code: row.code ?? answer.place?.code ?? '', name: row.name ?? answer.place?.name ?? '',
    level: row.level ?? answer.place?.level ?? 'village', kind: row.kind ?? 'other',
    class: row.class ?? null, grade: row.grade ?? null, grade_best: row.grade_best ?? null, stage: row.stage ?? null,
    position: row.position ?? null, counts: row.counts ?? {}, former_codes: row.former_codes ?? [], former_names: row.former_names ?? [], closed: row.closed ?? null,
  }
}
export const shrunkCounts = (p: Place): Count[] => COUNTS.filter((what) => p.counts[what]?.shrunk_from)
const GRADE_ORDER = ['none', 'remediated', 'demonstration', 'boutique', 'future']
/** A grade once held and since lost. */
export const lostGrade = (p: Place): string | null => (p.grade_best !== null && GRADE_ORDER.indexOf(p.grade_best) > GRADE_ORDER.indexOf(p.grade ?? 'none') ? p.grade_best : null)
