// Times, days, distances and positions in words. Numbers first, so that they can be tested without wording.
import { t } from '@/words/words'
import type { Position, ProblemState, Problem } from '@/api/types'

const two = (n: number): string => String(n).padStart(2, '0')
export function day(ms: number): string { const d = new Date(ms); return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}` }
export function hour(ms: number): string { const d = new Date(ms); return `${two(d.getHours())}:${two(d.getMinutes())}` }
/** The hour is enough today. */
export function moment(ms: number, now_ms: number): string { return day(ms) === day(now_ms) ? hour(ms) : `${day(ms)} ${hour(ms)}` }

export function daysBetween(from: string, to: string): number { return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) }
export function weekday(on: string): number { return new Date(`${on}T00:00:00Z`).getUTCDay() }

export type Age = { unit: 'now' | 'minutes' | 'hours' | 'days'; n: number }
export function ageOf(ms: number, now_ms: number): Age {
  const minutes = Math.floor(Math.max(0, now_ms - ms) / 60_000)
  if (minutes < 1) return { unit: 'now', n: 0 }
  if (minutes < 60) return { unit: 'minutes', n: minutes }
  if (minutes < 48 * 60) return { unit: 'hours', n: Math.floor(minutes / 60) }
  return { unit: 'days', n: Math.floor(minutes / 1440) }
}
export function age(ms: number, now_ms: number): string { const a = ageOf(ms, now_ms); return t(`age.${a.unit}`, { n: a.n }) }

/** The day by which the next thing has to happen: an unanswered head's, else the state's own. As Problem::clock in the core. */
export function clockOf(p: Problem): string | null {
  const s: ProblemState = p.state
  if (s.is !== 'assigned' && s.is !== 'claimed') return null
  const last = p.escalations?.[p.escalations.length - 1]
  return last && !last.answer ? last.answer_by : s.due
}
export type Due = { is: 'late'; n: number } | { is: 'today' } | { is: 'left'; n: number }
export function dueOf(due: string, today: string): Due {
  const n = daysBetween(today, due)
  return n < 0 ? { is: 'late', n: -n } : n === 0 ? { is: 'today' } : { is: 'left', n }
}
export function dueWords(d: Due): string { return t(`due.${d.is}`, d.is === 'today' ? {} : { n: d.n }) }

export function degrees(p: Position): string { return `${(p.lat_e7 / 1e7).toFixed(5)}, ${(p.lon_e7 / 1e7).toFixed(5)}` }
/** Metres between two near points; good to a fraction of a percent within a county. */
export function metres(a: Position, b: Position): number {
  const rad = Math.PI / 180e7
  const x = (b.lon_e7 - a.lon_e7) * rad * Math.cos(((a.lat_e7 + b.lat_e7) / 2) * rad)
  return Math.hypot(x, (b.lat_e7 - a.lat_e7) * rad) * 6_371_000
}
export function distance(m: number): string { return m < 950 ? t('distance.m', { n: Math.round(m / 10) * 10 || Math.round(m) }) : t('distance.km', { n: (m / 1000).toFixed(1) }) }
export function size(bytes: number): string { return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB` }
