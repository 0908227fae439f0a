// Filters of the list of problems live in the address. Only names that the server knows are passed on.
import type { LocationQuery, LocationQueryRaw } from 'vue-router'

export const FILTERS = ['field', 'state', 'channel', 'post_role', 'due.from', 'due.to', 'reported_on.from', 'reported_on.to', 'overdue', 'open', 'q', 'post', 'post_place', 'escalated_to', 'reopened.from', 'reopened.to', 'verified_on.from', 'verified_on.to', 'withheld'] as const
/** Those that no control sets; they come with links and can be taken away. */
export const LINKED = FILTERS.slice(FILTERS.indexOf('post'))
export type FilterName = (typeof FILTERS)[number]
export type Filters = Partial<Record<FilterName, string>>

export function readFilters(query: LocationQuery): Filters {
  const out: Filters = {}
  for (const name of FILTERS) {
    const value = query[name]
    if (typeof value === 'string' && value !== '') out[name] = value
  }
  return out
}
export function writeFilters(query: LocationQuery, changed: Filters): LocationQueryRaw {
  const out: LocationQueryRaw = { ...query, ...changed }
  for (const name of FILTERS) if (!out[name]) delete out[name]
  return out
}
/** '/api/rows/problems?place=3&state=assigned' */
export function problemsQuery(place: number, filters: Filters, view = '/api/rows/problems'): string {
  const q = new URLSearchParams()
  if (place) q.set('place', String(place))
  for (const name of FILTERS) { const value = filters[name]; if (value) q.set(name, value) }
  return `${view}?${q}`
}
export const listOf = (value: string | undefined): string[] => (value ? value.split(',') : [])
/** The console's own address of a list that the server names: '/api/rows/problems?open=1' → '/problems?open=1'. */
export function pageOf(query: string): string {
  const [path = '', search = ''] = query.split('?')
  const q = new URLSearchParams(search)
  for (const name of ['limit', 'after', 'count']) q.delete(name)
  return `${path.replace('/api/rows', '')}?${q}`
}
