// The order of the day: what hurts most first; each problem once.
import type { ProblemRow, Today, TodayList } from '@/api/types'
import { clockOf } from '@/format/format'

export const LISTS = ['overdue', 'reopened', 'to_answer', 'to_verify', 'mine', 'to_triage'] as const
export type ListName = (typeof LISTS)[number]
export const isListName = (name: string): name is ListName => (LISTS as readonly string[]).includes(name)

export interface Section { name: ListName; count: number; rows: ProblemRow[]; above: number; more: boolean }

/** By clock, the nearest first; without one, the longest waiting first. */
export function byUrgency(a: ProblemRow, b: ProblemRow): number {
  const x = clockOf(a.row) ?? '9999', y = clockOf(b.row) ?? '9999'
  return x < y ? -1 : x > y ? 1 : a.row.reported_ms - b.row.reported_ms
}
/** Whoever holds two posts gets a list for each: shown as one. */
function joined(today: Today): (TodayList & { name: ListName })[] {
  const out = new Map<ListName, TodayList & { name: ListName }>()
  for (const l of today.lists) {
    if (!isListName(l.name)) continue
    const before = out.get(l.name)
    out.set(l.name, { ...l, name: l.name, count: l.count + (before?.count ?? 0), rows: [...(before?.rows ?? []), ...l.rows] })
  }
  return [...out.values()]
}
/** The lists in order; a problem that stands in an earlier one is only counted (`above`). */
export function sections(today: Today): Section[] {
  const seen = new Set<string>()
  return joined(today).filter((l) => l.count > 0).sort((a, b) => LISTS.indexOf(a.name) - LISTS.indexOf(b.name)).map((l) => {
    const rows = l.rows.filter((r) => !seen.has(r.key)).sort(byUrgency)
    for (const r of rows) seen.add(r.key)
    return { name: l.name, count: l.count, rows, above: l.rows.length - rows.length, more: l.count > l.rows.length }
  })
}
/** How many problems wait, each counted once; `least` where lists are longer than what was sent. */
export function total(all: readonly Section[]): { n: number; least: boolean } {
  return { n: all.reduce((sum, s) => sum + s.rows.length, 0), least: all.some((s) => s.more) }
}

const ACTS: { [name in ListName]: string[] } = {
  to_triage: ['problems.assign', 'problems.dismiss'],
  mine: ['problems.diagnose', 'problems.claim_fix'],
  reopened: ['problems.diagnose', 'problems.claim_fix'],
  overdue: ['problems.diagnose', 'problems.claim_fix'],
  to_verify: ['problems.verify_fix', 'problems.reject_fix'],
  to_answer: ['problems.answer_escalation'],
}
/** Without the server it is not known what may be done on a problem that was never opened; the list it stands in says it
    well enough. The server decides when the act arrives. */
export function probablyMay(today: Today, key: string, capabilities: readonly string[]): string[] {
  const needs: { [act: string]: string } = {
    'problems.assign': 'problems.triage', 'problems.dismiss': 'problems.triage', 'problems.diagnose': 'problems.work', 'problems.claim_fix': 'problems.work',
    'problems.verify_fix': 'problems.verify', 'problems.reject_fix': 'problems.verify', 'problems.answer_escalation': 'problems.answer',
  }
  const acts = today.lists.filter((l) => isListName(l.name) && l.rows.some((r) => r.key === key)).flatMap((l) => ACTS[l.name as ListName])
  return [...new Set(acts)].filter((a) => capabilities.includes(needs[a] ?? ''))
}
