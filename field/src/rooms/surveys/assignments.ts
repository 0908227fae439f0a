// Where one is to go in campaigns, kept on the phone with the forms for it.
import { linesOf, type FormLine, type FormList, type Known } from './forms'
import type { Item } from '@/queue/item'
import { may } from '@/session'

export interface MyVillage { known?: Known[]; place: { id: number; name: string; path?: string[] }; submissions: number; last: string | null }
export interface MyCampaign { campaign: string; title: string; from: string; until: string; form: FormList['forms'][number] | null; villages: MyVillage[]; more: number; closed_to_me: number }
export interface MyAssignments { campaigns: MyCampaign[] }
/** Where the list is; null for whoever hands nothing in. */
export const MINE = (): string | null => (may('surveys.submit') ? '/api/my/assignments' : null)

/** A form to be handed in for a village, wherever one's post is. */
export const forVillage = (line: FormLine, place: number, name: string): FormLine => ({ ...line, submit: `/api/submissions?place=${place}`, village: name })
/** The form of a campaign, where it is still offered. */
export const lineOf = (c: MyCampaign): FormLine | null => (c.form ? (linesOf({ forms: [c.form] })[0] ?? null) : null)
/** Villages for which something waits on this phone, by the form that it is an answer to. */
export function waitingFor(items: readonly Pick<Item, 'submission'>[]): ReadonlySet<string> {
  return new Set(items.flatMap((i) => (i.submission?.form ? [`${i.submission.form} ${new URLSearchParams(i.submission.url.split('?')[1]).get('place')}`] : [])))
}
export type Stand = 'to_go' | 'waits' | 'visited'
export const standOf = (c: MyCampaign, v: MyVillage, waiting: ReadonlySet<string>): Stand => (v.submissions > 0 ? 'visited' : waiting.has(`${c.form?.form ?? ''} ${v.place.id}`) ? 'waits' : 'to_go')
/** Those still to go to first, then what waits, then what is done; as the server has them among equals. */
export function inOrder(c: MyCampaign, waiting: ReadonlySet<string>): { village: MyVillage; stand: Stand }[] {
  const rank = { to_go: 0, waits: 1, visited: 2 }
  return c.villages.map((village) => ({ village, stand: standOf(c, village, waiting) })).sort((a, b) => rank[a.stand] - rank[b.stand])
}
