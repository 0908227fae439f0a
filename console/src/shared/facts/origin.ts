// 出处: which facts the side panel shows. A record has a history; a figure has the facts of all rows it counts.
import { shallowRef } from 'vue'

export interface Origin {
  title: string
  /** What is shown: one record's facts in log order, or all facts under a figure, newest first and paged. */
  of: 'record' | 'figure'
  path: string
  /** The figure itself, as it stands on the page. */
  figure?: string
  /** The list of the rows that the figure counts, inside the console. */
  rows?: string
}
export const origin = shallowRef<Origin | null>(null)
let opener: HTMLElement | null = null

export function openOrigin(wanted: Origin): void {
  opener = document.activeElement instanceof HTMLElement ? document.activeElement : null
  origin.value = wanted
}
export function closeOrigin(): void {
  origin.value = null
  opener?.focus()
}
/** '/api/rows/problems?place=3&limit=20' → the facts under those rows. Paging and order do not change which rows they are. */
export function factsUnder(query: string): string {
  const [path = '', search = ''] = query.split('?')
  const q = new URLSearchParams(search)
  for (const name of ['limit', 'after', 'sort', 'count']) q.delete(name)
  return `${path.replace('/api/rows/', '/api/history/')}?${q}`
}
