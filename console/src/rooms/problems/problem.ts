// The row of the view `problems`, and what can be read from it. Pure.
import type { Field, PlaceRef, Position, Post, ProblemState, RowAnswer, StateName } from '@/api/types'

export interface Photo { file: string; taken_ms?: number | null; position?: Position | null }
export interface Escalation { to: Post; on_ms: number; answer_by: string; answer: { text: string; on_ms: number; by: string } | null }
export interface Problem {
  key: string
  place: PlaceRef | null
  number: string
  field: Field
  text: string
  position: Position | null
  photos: Photo[]
  channel: string
  reported_ms: number
  state: ProblemState
  diagnosis: { cause: string; measure: string } | null
  claim: { text: string; photos: Photo[] } | null
  escalations: Escalation[]
  absorbed: string[]
  reopened: number
  verified_ms: number | null
  withheld: string | null
}

/** The server's row is trusted in shape, except that lists left out when empty are put back. */
export function readProblem(answer: Pick<RowAnswer, 'key' | 'row' | 'place'>): Problem {
  const row = answer.row as unknown as Partial<Problem>
  return {
    key: answer.key, place: answer.place,
    number: row.number ?? answer.key.slice(0, 8), field: row.field ?? 'waste', text: row.text ?? '',
    position: row.position ?? null, photos: row.photos ?? [], channel: row.channel ?? '', reported_ms: row.reported_ms ?? 0,
    state: row.state ?? { is: 'reported' }, diagnosis: row.diagnosis ?? null, claim: row.claim ?? null,
    escalations: row.escalations ?? [], absorbed: row.absorbed ?? [], reopened: row.reopened ?? 0,
    verified_ms: row.verified_ms ?? null, withheld: row.withheld ?? null,
  }
}

export const OPEN_STATES: readonly StateName[] = ['reported', 'assigned', 'claimed']
export const isOpen = (p: Problem): boolean => OPEN_STATES.includes(p.state.is)
export const postOf = (p: Problem): Post | null => ('post' in p.state ? p.state.post : null)
/** The escalation that still waits for an answer. */
export function unanswered(p: Problem): Escalation | null {
  const last = p.escalations.at(-1)
  return last && last.answer === null && isOpen(p) ? last : null
}
/** The day by which somebody must act next: the answer to an escalation, else the state's own. */
export function clock(p: Problem): string | null {
  return 'due' in p.state ? (unanswered(p)?.answer_by ?? p.state.due) : null
}
export function isOverdue(p: Problem, today: string): boolean {
  const day = clock(p)
  return day !== null && day < today
}
