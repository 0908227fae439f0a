// What each command on a post asks for, as far as the post's own holdings and statements allow it. Pure.
import type { Holding } from '@/api/types'
import type { CommandShape, FormField } from '@/shared/form/form'
import { isSigned, unsignedOf, holdersOn, type PostOf } from './post'

export interface Naming { holding: (h: Holding) => string }
const reason: FormField = { name: 'reason', kind: 'area', label: 'column.reason', required: true }
function choose(from: readonly Holding[], naming: Naming): FormField {
  return { name: 'holding', kind: 'choice', label: 'duties.holding', required: true, codes: from.map((h) => h.id), labels: Object.fromEntries(from.map((h) => [h.id, naming.holding(h)])) }
}
const takeUp = (today: string): CommandShape => ({ type: 'duties.take_up', fields: [{ name: 'person', kind: 'official', label: 'duties.person', required: true, help: 'duties.person_help' }, { name: 'from', kind: 'day', label: 'duties.from', required: true, initial: today }, { name: 'until', kind: 'day', label: 'duties.until', help: 'duties.until_help' }, { name: 'document', kind: 'text', label: 'column.document' }] })

/** A post of which nothing is known yet can only be taken up or described. */
export function newPostCommands(today: string): CommandShape[] {
  return [takeUp(today), describe(null, null)]
}
const describe = (duty: string | null, phone: string | null): CommandShape => ({ type: 'duties.describe', fields: [{ name: 'duty', kind: 'area', label: 'column.duty', required: true, help: 'duties.duty_help', initial: duty }, { name: 'phone', kind: 'text', label: 'duties.phone', help: 'duties.phone_help', initial: phone }] })

export function postCommands(post: PostOf, may: readonly string[], today: string, naming: Naming): CommandShape[] {
  const now = holdersOn(post, today)
  const going = post.holdings.filter((h) => h.withdrawn === null && h.stands_in_for === null && !post.handovers.some((o) => o.holding === h.id && isSigned(o)) && (h.until === null || h.until >= today || unsignedOf(post).includes(h)))
  const real = post.holdings.filter((h) => h.withdrawn === null)
  const owed = unsignedOf(post)
  const all: (CommandShape | null)[] = [
    owed.length ? { type: 'handovers.draw_up', fields: [choose(owed, naming)] } : null,
    takeUp(today),
    going.length ? { type: 'duties.leave', fields: [choose(going, naming), { name: 'on', kind: 'day', label: 'duties.last_day', required: true, initial: today }, reason] } : null,
    now.length ? { type: 'duties.delegate', fields: [choose(now, naming), { name: 'person', kind: 'official', label: 'duties.stand_in', required: true, help: 'duties.person_help' }, { name: 'from', kind: 'day', label: 'duties.from', required: true, initial: today }, { name: 'until', kind: 'day', label: 'duties.until', required: true }, reason] } : null,
    describe(post.duty, post.phone),
    real.length ? { type: 'duties.withdraw', fields: [choose(real, naming), { ...reason, help: 'duties.withdraw_help' }], alert: true } : null,
  ]
  return all.filter((shape): shape is CommandShape => shape !== null && may.includes(shape.type))
}
