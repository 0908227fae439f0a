// The row of the view `problems`, and what can be read from it. Pure.
import type { Escalated, PlaceRef, Post, ProblemRow, RowAnswer, StateName } from '@/api/types'

export type Escalation = Escalated
type Read = 'number' | 'field' | 'text' | 'position' | 'photos' | 'channel' | 'reported_ms' | 'state' | 'diagnosis' | 'claim' | 'escalations' | 'absorbed' | 'reopened' | 'verified_ms' | 'withheld' | 'contact'
export type Problem = Pick<ProblemRow, Read> & { key: string; place: PlaceRef | null }

/** The server's row is trusted in shape. */
export function readProblem(answer: Pick<RowAnswer, 'key' | 'row' | 'place'>): Problem {
  return { ...(answer.row as ProblemRow), key: answer.key, place: answer.place }
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
