// The one formatting module. Days and times are shown in Asia/Shanghai whatever the reader's clock says.
// "Unknown", "not asked" and "zero" are three different things and read differently.
import { t, language } from '@/words/words'

const ZONE = 'Asia/Shanghai'
const cache = new Map<string, Intl.DateTimeFormat>()
function parts(ms: number, options: Intl.DateTimeFormatOptions, name: string): { [type: string]: string } {
  let format = cache.get(name)
  if (!format) { format = new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, hourCycle: 'h23', ...options }); cache.set(name, format) }
  return Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]))
}

/** '2026-11-23' for milliseconds or for a day already written. */
export function day(value: number | string | null | undefined): string {
  if (value === null || value === undefined || value === '') return t('value.unknown')
  if (typeof value === 'string') return value
  const p = parts(value, { year: 'numeric', month: '2-digit', day: '2-digit' }, 'day')
  return `${p.year}-${p.month}-${p.day}`
}
/** '2026-11-23 09:05' */
export function moment(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return t('value.unknown')
  const p = parts(ms, { hour: '2-digit', minute: '2-digit' }, 'moment')
  return `${day(ms)} ${p.hour}:${p.minute}`
}
/** Whole days from one day to another; negative when the other is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}
/** 'due in 3 days', 'due today', '5 days late' */
export function dueIn(due: string, today: string): string {
  const n = daysBetween(today, due)
  if (n === 0) return t('due.today')
  return n > 0 ? t('due.in', { n: count(n) }) : t('due.late', { n: count(-n) })
}
export function count(n: number | null | undefined): string {
  if (n === null || n === undefined) return t('value.unknown')
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: 0 }).format(n)
}
export function decimal(n: number, digits = 1): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(n)
}
/** A share always shows its base: '72.7% (173/238)'. Over nothing there is no share. */
export function share(numerator: number | null, denominator: number | null): string {
  if (numerator === null || denominator === null) return t('value.unknown')
  if (denominator === 0) return t('value.no_base')
  return `${decimal((numerator / denominator) * 100)}% (${count(numerator)}/${count(denominator)})`
}
/** Whole yuan and fen of an amount, by integers: nothing is rounded on the way. */
function parted(fen: number): { sign: string; yuan: number; rest: number } {
  const rest = Math.abs(fen % 100)
  return { sign: fen < 0 ? '-' : '', yuan: (Math.abs(fen) - rest) / 100, rest }
}
function toTheFen(fen: number): string {
  const { sign, yuan, rest } = parted(fen)
  return `${sign}${count(yuan)}${rest ? `.${String(rest).padStart(2, '0')}` : ''}`
}
/** From least to most to the last fen, for prices of one unit: '2,600–4,200 yuan', '0.50 yuan'. */
export function yuanExact(min: number, max = min): string {
  return t('money.yuan', { n: min === max ? toTheFen(max) : `${toTheFen(min)}–${toTheFen(max)}` })
}
const WAN_FEN = 1_000_000
/** A large amount to read at a glance: in Chinese ten thousands of yuan to a hundredth, else whole yuan. Integers all the way. */
function glance(fen: number): string {
  const { sign, yuan, rest } = parted(fen)
  if (language.value !== 'zh-CN') return `${sign}${count(yuan + (rest >= 50 ? 1 : 0))}`
  const hundreds = (yuan - (yuan % 100)) / 100 + (yuan % 100 >= 50 ? 1 : 0), digits = String(hundreds % 100).padStart(2, '0').replace(/0+$/, '')
  return `${sign}${count((hundreds - (hundreds % 100)) / 100)}${digits ? `.${digits}` : ''}`
}
const inUnit = (n: string) => t(language.value === 'zh-CN' ? 'money.wan' : 'money.yuan', { n })
/** An amount to read at a glance: below ten thousand yuan to the fen, from there on rounded: '3.2 wan yuan' in Chinese, '32,000 yuan' else. */
export function yuan(fen: number | null | undefined): string {
  if (fen === null || fen === undefined) return t('value.unknown')
  return Math.abs(fen) >= WAN_FEN ? inUnit(glance(fen)) : yuanExact(fen)
}
/** From least to most in the unit of the most; one amount where both are the same. */
export function yuanRange(min: number, max: number): string {
  if (min === max) return yuan(max)
  return max >= WAN_FEN ? inUnit(`${glance(min)}–${glance(max)}`) : yuanExact(min, max)
}
export function distance(metres: number | null | undefined): string {
  if (metres === null || metres === undefined) return t('value.unknown')
  if (metres < 1000) return t('distance.m', { n: count(Math.round(metres)) })
  return t('distance.km', { n: decimal(metres / 1000) })
}
/** '30.52210° N, 119.60130° E': five decimals are about a metre. */
export function position(p: { lon_e7: number; lat_e7: number } | null | undefined): string {
  if (!p) return t('value.unknown')
  const lat = p.lat_e7 / 1e7, lon = p.lon_e7 / 1e7
  return `${Math.abs(lat).toFixed(5)}° ${lat < 0 ? 'S' : 'N'}, ${Math.abs(lon).toFixed(5)}° ${lon < 0 ? 'W' : 'E'}`
}
export function bytes(n: number): string {
  return n < 1_048_576 ? `${decimal(n / 1024, 0)} KB` : `${decimal(n / 1_048_576)} MB`
}
/** Value of an indicator in its unit (percent comes in basis points: 7272 is 72.72 %); missing says why. */
export function value(v: { value: number | null; numerator: number | null; denominator: number | null; missing: string | null }, unit: string): string {
  if (v.value === null) return v.missing === 'not-asked' ? t('value.not_asked') : v.missing === 'no-denominator' ? t('value.no_base') : t('value.unknown')
  const base = v.numerator !== null && v.denominator !== null ? ` (${count(v.numerator)}/${count(v.denominator)})` : ''
  if (unit === 'percent') return `${decimal(v.value / 100)}%${base}`
  if (unit === 'per_thousand') return `${decimal(v.value)}‰${base}`
  if (unit === 'days') return t('value.days', { n: count(v.value) })
  return count(v.value)
}
/** First eight characters: enough to compare by eye, the whole stands in the title. */
export function shortHash(hash: string): string { return hash.replace(/^sha256:|^sm3:/, '').slice(0, 8) }
