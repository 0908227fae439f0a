// The row of the view `posts`, and what can be read from it: who bears the post on a day, what is not handed over yet. Pure.
// The rules are those of crates/domain/src/duties/view.rs.
import type { Handover, Holding, PostRow, RowAnswer } from '@/api/types'

export type PostOf = Pick<PostRow, 'post' | 'duty' | 'phone' | 'holdings' | 'handovers'> & { key: string; people: { [person: string]: string } }
/** The server's row is trusted in shape. */
export function readPost(answer: Pick<RowAnswer, 'key' | 'row' | 'people'>): PostOf {
  return { ...(answer.row as unknown as PostRow), key: answer.key, people: answer.people ?? {} }
}

type Days = Pick<Holding, 'from' | 'until' | 'withdrawn'>
export const holdsOn = (h: Days, day: string): boolean => h.withdrawn === null && h.from <= day && (h.until === null || day <= h.until)
const byFrom = (a: Holding, b: Holding): number => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0)
/** Who holds it on a day in his own right, the longest there first. */
export const holdersOn = (p: Pick<PostOf, 'holdings'>, day: string): Holding[] => p.holdings.filter((h) => h.stands_in_for === null && holdsOn(h, day)).sort(byFrom)
/** Whom the duty lies with on a day: whoever stands in for the first holder, else that holder. */
export function bearerOn(p: Pick<PostOf, 'holdings'>, day: string): Holding | null {
  const first = holdersOn(p, day)[0] ?? null
  const standIn = p.holdings.filter((h) => holdsOn(h, day) && h.stands_in_for !== null && (first === null || first.id === h.stands_in_for)).at(-1)
  return standIn ?? first
}
const HANDS_OVER = ['head', 'office', 'department', 'township', 'village']
/** Whether both sides signed. */
export const isSigned = (h: Pick<Handover, 'outgoing' | 'incoming'>): boolean => h.outgoing !== null && h.incoming !== null
/** Holdings whose end has no statement signed by both sides, the oldest end first. */
export function unsignedOf(p: Pick<PostOf, 'post' | 'holdings' | 'handovers'>): Holding[] {
  if (!HANDS_OVER.includes(p.post.role)) return []
  return p.holdings.filter((h) => h.withdrawn === null && h.stands_in_for === null && h.until !== null && !p.handovers.some((o) => o.holding === h.id && isSigned(o)))
    .sort((a, b) => ((a.until ?? '') < (b.until ?? '') ? -1 : 1))
}
/** The last statement for a holding, signed or not. */
export const statementFor = (p: Pick<PostOf, 'handovers'>, holding: string): Handover | null => p.handovers.filter((h) => h.holding === holding).at(-1) ?? null
export type HandoverState = 'not_drawn_up' | 'unsigned' | 'half_signed' | 'signed'
export function handoverState(h: Pick<Handover, 'outgoing' | 'incoming'> | null): HandoverState {
  if (!h) return 'not_drawn_up'
  return isSigned(h) ? 'signed' : h.outgoing || h.incoming ? 'half_signed' : 'unsigned'
}

/** A piece of a time line: where it stands, in hundredths of the whole, and how long it is. */
export interface Piece { id: string; person: string; from: string; until: string | null; left: number; width: number; standIn: boolean }
const days = (day: string): number => Date.parse(`${day}T00:00:00Z`) / 86_400_000
/** Holdings drawn from the first day known to today, or to the last day that is known ahead. What was withdrawn is not drawn. */
export function timeLine(holdings: readonly Holding[], today: string): { from: string; to: string; pieces: Piece[] } | null {
  const shown = holdings.filter((h) => h.withdrawn === null).sort(byFrom)
  const from = shown[0]?.from
  if (from === undefined) return null
  const to = shown.reduce((latest, h) => (h.until !== null && h.until > latest ? h.until : latest), today > from ? today : from)
  const whole = Math.max(1, days(to) - days(from) + 1)
  const pieces = shown.map((h): Piece => {
    const left = days(h.from) - days(from), end = days(h.until ?? to) + 1 - days(from)
    return { id: h.id, person: h.person, from: h.from, until: h.until, left: (left / whole) * 100, width: (Math.max(0, end - left) / whole) * 100, standIn: h.stands_in_for !== null }
  })
  return { from, to, pieces }
}
