// What the audit is narrowed by, between the address of the page and the query of the list. Pure.
import type { LocationQuery } from 'vue-router'

export const NAMES = ['q', 'event', 'outcome', 'day.from', 'day.to'] as const
export type Name = (typeof NAMES)[number]
export type Filters = { [name in Name]?: string }

export function readFilters(query: LocationQuery): Filters {
  const filters: Filters = {}
  for (const name of NAMES) {
    const value = query[name]
    if (typeof value === 'string' && value !== '') filters[name] = value
  }
  return filters
}

/** The same as a query, without what is empty. */
export function written(filters: Filters): URLSearchParams {
  const query = new URLSearchParams()
  for (const name of NAMES) {
    const value = filters[name]
    if (value) query.set(name, value)
  }
  return query
}

/** Counts by day and outcome as bars, oldest day first, at most so many of the latest. */
export function byDay(groups: { keys: unknown[]; count: number }[], days: number): { labels: string[]; done: number[]; refused: number[] } {
  const counts = new Map<string, { done: number; refused: number }>()
  for (const { keys: [day, outcome], count } of groups) {
    const of = counts.get(String(day)) ?? { done: 0, refused: 0 }
    of[outcome === 'refused' ? 'refused' : 'done'] += count
    counts.set(String(day), of)
  }
  const labels = [...counts.keys()].sort().slice(-days)
  const values = (of: 'done' | 'refused') => labels.map((day) => counts.get(day)?.[of] ?? 0)
  return { labels, done: values('done'), refused: values('refused') }
}
