// One act that waits on the phone until the server has answered 200. Pure: what to send next, and what an answer means.
import type { Answer } from '@/api/client'
import type { Command, CommandAnswer, ProblemDocument } from '@/api/types'

export interface QueuedPhoto { id: string; hash: string | null; taken_ms: number | null; placed: boolean }
/** Answers to a form, sent as they are to where the form says; each file by itself, so that a weak net needs no second try of all. */
export interface Submission { url: string; xml: string; files: { name: string; photo: string; sent: boolean }[]; /** The form; not told by what was kept before there were campaigns. */ form?: string }
export interface Item {
  /** The command id, chosen once: the server answers a second sending with the first answer. */
  id: string
  /** Who did it. Nobody else's sign-in may send it. */
  account: string; account_name: string
  made_ms: number
  command: Command
  /** What it is about, for people: the place and the first words. */
  place: string; field: string; words: string
  photos: QueuedPhoto[]
  submission?: Submission
  state: { is: 'waiting'; tried: boolean } | { is: 'refused'; problem: ProblemDocument }
}

/** The problem or the task that an act is about; null for what begins one. */
export function subject(item: Item): string | null {
  const about = item.command['problem'] ?? item.command['task']
  return typeof about === 'string' ? about : null
}

/** The oldest act of this account that may go. An act waits for earlier ones on the same problem or task: order matters there. */
export function nextToSend(items: readonly Item[], account: string): Item | null {
  const held = new Set<string>()
  for (const item of [...items].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const about = subject(item)
    const free = about === null || !held.has(about)
    if (free && item.state.is === 'waiting' && item.account === account) return item
    if (about !== null) held.add(about)
  }
  return null
}

/** The command as it is sent. Its content must not change between two sendings under one id. */
export function commandOf(item: Item): Command {
  const hashes = item.photos.map((p) => p.hash).filter((h): h is string => h !== null)
  return 'photos' in item.command ? { ...item.command, photos: hashes } : item.command
}

export type Verdict = { is: 'done'; answer: CommandAnswer } | { is: 'changed'; item: Item } | { is: 'stop'; why: 'signed-out' | 'unreachable'; retry_s?: number }

/** What the answer to a command means for its item. Only an answer that names facts counts as 200. */
export function judge(item: Item, answer: Answer<CommandAnswer>): Verdict {
  switch (answer.is) {
    case 'ok': return Array.isArray(answer.value?.facts) ? { is: 'done', answer: answer.value } : { is: 'stop', why: 'unreachable' }
    case 'refused': return { is: 'changed', item: { ...item, state: { is: 'refused', problem: answer.problem } } }
    case 'signed-out': return { is: 'stop', why: 'signed-out' }
    case 'unreachable': return { is: 'stop', why: 'unreachable', ...(answer.retry_s === undefined ? {} : { retry_s: answer.retry_s }) }
  }
}

/** What the person may do on a problem or a task, given what already waits here: not the same twice; a claim may follow a diagnosis. */
export function mayBesides(may: readonly string[], waiting: readonly Item[]): string[] {
  const given = new Set(waiting.map((i) => i.command.type))
  const out = may.filter((type) => !given.has(type))
  if (given.has('problems.diagnose') && !given.has('problems.claim_fix') && !out.includes('problems.claim_fix')) out.push('problems.claim_fix')
  return out
}
