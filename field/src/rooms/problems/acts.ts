// Every act on a problem or a task as one short form. A new act is a line here and its words in the locale files.
import type { Problem } from '@/api/types'

export type Ask =
  | { name: 'text' | 'reason' | 'cause' | 'measure' | 'note'; kind: 'words'; need: boolean; max: number }
  | { name: 'photos'; kind: 'photos'; need: boolean }
  | { name: 'due'; kind: 'day' }
  /** How much was done; asked of a target only. */
  | { name: 'done'; kind: 'number' }
  | { name: 'post'; kind: 'post' }
export interface Act { type: string; tone: 'main' | 'plain' | 'alert'; asks: Ask[] }

const words = (name: 'text' | 'reason' | 'cause' | 'measure' | 'note', need = true, max = 500): Ask => ({ name, kind: 'words', need, max })
/** In the order in which they are offered. Limits are those of the core (Text<500>, Text<2000>, 10 photos). */
export const ACTS: readonly Act[] = [
  { type: 'problems.answer_escalation', tone: 'main', asks: [words('text'), { name: 'due', kind: 'day' }] },
  { type: 'problems.assign', tone: 'main', asks: [{ name: 'post', kind: 'post' }, { name: 'due', kind: 'day' }, words('note', false)] },
  { type: 'problems.verify_fix', tone: 'main', asks: [words('note'), { name: 'photos', kind: 'photos', need: false }] },
  { type: 'problems.reject_fix', tone: 'alert', asks: [words('reason')] },
  { type: 'problems.claim_fix', tone: 'main', asks: [{ name: 'photos', kind: 'photos', need: true }, words('text', true, 2000)] },
  { type: 'problems.diagnose', tone: 'main', asks: [words('cause'), words('measure')] },
  { type: 'problems.escalate', tone: 'plain', asks: [words('reason')] },
  { type: 'problems.reopen', tone: 'plain', asks: [words('reason')] },
  { type: 'problems.dismiss', tone: 'alert', asks: [words('reason')] },
  { type: 'tasks.claim', tone: 'main', asks: [{ name: 'photos', kind: 'photos', need: false }, words('text', true, 2000), { name: 'done', kind: 'number' }] },
  { type: 'tasks.verify', tone: 'main', asks: [words('note'), { name: 'done', kind: 'number' }] },
  { type: 'tasks.reject', tone: 'alert', asks: [words('reason')] },
]
export const PHOTOS_MAX = 10
export const actOf = (type: string): Act | undefined => ACTS.find((a) => a.type === type)
/** What one may do, the next step of the problem first and alone as the main button. */
export function actsAmong(may: readonly string[], p: Pick<Problem, 'state' | 'diagnosis'>): Act[] {
  const next = p.state.is === 'reported' ? 'problems.assign' : p.state.is === 'claimed' ? 'problems.verify_fix' : p.diagnosis ? 'problems.claim_fix' : 'problems.diagnose'
  const first = ['problems.answer_escalation', next].find((type) => may.includes(type))
  const acts = ACTS.filter((a) => may.includes(a.type)).map((a): Act => (a.tone === 'main' && a.type !== first ? { ...a, tone: 'plain' } : a))
  return [...acts.filter((a) => a.type === first), ...acts.filter((a) => a.type !== first)]
}
/** What one may do on a task from a phone; the rest is done in the console. */
export const taskActsAmong = (may: readonly string[]): Act[] => ACTS.filter((a) => a.type.startsWith('tasks.') && may.includes(a.type))
