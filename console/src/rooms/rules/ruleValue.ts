// The value of a rule as leaves that can be shown and edited one by one, whatever its shape. Pure.
import type { Json } from '@/api/types'

export interface Leaf { path: string[]; value: Json }
export function leaves(value: Json, path: string[] = []): Leaf[] {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
  return [{ path, value }]
}
/** The same value with one leaf changed; the old one stays as it was. */
export function withLeaf(value: Json, path: readonly string[], leaf: Json): Json {
  const [key, ...rest] = path
  if (key === undefined || value === null || typeof value !== 'object' || Array.isArray(value)) return leaf
  return { ...value, [key]: withLeaf(value[key] ?? null, rest, leaf) }
}
/** Whether a leaf is typed over in one field; a list is shown, and changed elsewhere. */
export const typedOver = (value: Json): boolean => !Array.isArray(value)
/** Rules that have a page of their own, where they are read and changed. */
export const isCatalogue = (rule: string): boolean => rule === 'planning.catalogue' || rule === 'planning.standards'
/** Versions in the order in which they hold: by first day, the later recorded wins a tie; each ends where the next begins. */
export function validity<V extends { from: string }>(versions: readonly V[], today: string): { version: V; until: string | null; now: boolean }[] {
  const order = versions.map((version, i) => ({ version, i })).sort((a, b) => (a.version.from === b.version.from ? a.i - b.i : a.version.from < b.version.from ? -1 : 1))
  const held = order.filter((entry, k) => order[k + 1]?.version.from !== entry.version.from)
  return held.map(({ version }, k) => {
    const until = held[k + 1]?.version.from ?? null
    return { version, until, now: version.from <= today && (until === null || until > today) }
  }).reverse()
}
