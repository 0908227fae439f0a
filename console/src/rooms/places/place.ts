// The row of the view `places`, and what can be read from it. Pure.
import { COUNTS, GRADES, type Count, type Grade, type PlaceRow, type RowAnswer } from '@/api/types'

type Read = 'id' | 'code' | 'name' | 'level' | 'kind' | 'class' | 'grade' | 'stage'
export type Place = Pick<PlaceRow, Read> & Required<Pick<PlaceRow, 'counts' | 'former_codes' | 'former_names'>> & {
  grade_best: Grade | null
  position: NonNullable<PlaceRow['position']> | null
  closed: Exclude<PlaceRow['closed'], number>
}
/** The server's row is trusted in shape, except that what it leaves out when empty is put back. */
export function readPlace(answer: Pick<RowAnswer, 'key' | 'row' | 'place'>): Place {
  const row = answer.row as PlaceRow
  return {
    ...row, grade_best: row.grade_best ?? null, position: row.position ?? null, counts: row.counts ?? {},
    former_codes: row.former_codes ?? [], former_names: row.former_names ?? [], closed: typeof row.closed === 'number' ? null : row.closed,
  }
}
export const shrunkCounts = (p: Place): Count[] => COUNTS.filter((what) => p.counts[what]?.shrunk_from)
/** A grade once held and since lost. */
export const lostGrade = (p: Place): Grade | null => (p.grade_best !== null && GRADES.indexOf(p.grade_best) > GRADES.indexOf(p.grade ?? 'none') ? p.grade_best : null)
