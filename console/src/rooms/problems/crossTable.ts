// Groups by two keys as a table: rows by the first, columns by the second, with totals; largest first.
import type { Group } from '@/api/types'

type Cell = string | number | null
export interface CrossRow<C extends string> { key: Cell; label: string; cells: Map<C, number>; total: number }

export function crossTable<C extends string>(groups: readonly Group[], columns: readonly C[], labelOf: (key: Cell, label: string) => string): { columns: C[]; rows: CrossRow<C>[] } {
  const rows = new Map<Cell, CrossRow<C>>()
  for (const group of groups) {
    const key = group.keys[0] ?? null, column = columns.find((c) => c === group.keys[1])
    if (!column) continue
    let row = rows.get(key)
    if (!row) { row = { key, label: labelOf(key, String(group.labels[0] ?? '')), cells: new Map(), total: 0 }; rows.set(key, row) }
    row.cells.set(column, (row.cells.get(column) ?? 0) + group.count)
    row.total += group.count
  }
  const list = [...rows.values()].sort((a, b) => b.total - a.total)
  return { columns: columns.filter((c) => list.some((r) => r.cells.get(c))), rows: list }
}
