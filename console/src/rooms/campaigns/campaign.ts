// What is counted of campaigns and of burden, as it is shown. Pure.
import type { AssigneeTold, VisitedBy } from '@/generated/api'

/** Per cent of a whole, 0…100, for the length of a bar. */
export const percent = (part: number, whole: number): number => (whole > 0 ? Math.min(100, Math.round((part / whole) * 100)) : 0)
/** The page of submissions that a list of the server answers to. */
export const submissionsPage = (from: string): string => `/submissions?${from.split('?')[1] ?? ''}`
/** An address with what stands in a query left out where it is empty. */
export function address(path: string, query: { [name: string]: string | number | null | undefined }): string {
  const q = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined && value !== '') q.set(name, String(value))
  const text = q.toString()
  return text ? `${path}?${text}` : path
}
/** Villages for which one visit brief is made, as the server has it. */
export const BRIEF_MOST = 60
/** The visit brief of several villages, a page of the server to print. */
export const briefPage = (villages: readonly number[]): string => `/brief?${villages.map((id) => `place=${id}`).join('&')}`
/** Who is to go; `role` says what a post is called. */
export const assigneeInWords = (told: AssigneeTold | null, role: (post: { role: string; department?: string | null }) => string): string =>
  told === null ? '' : told.to.is === 'post' ? [told.name, role(told.to.post)].filter(Boolean).join(' ') : (told.name ?? '')
/** Who went, each once. `unnamed` stands for imports, `between` stands between two. */
export const visitors = (by: readonly VisitedBy[], unnamed: string, between: string): string => [...new Set(by.map((b) => b.name ?? unnamed))].join(between)
/** How full the fuller of questions and minutes is, per cent of the cap, beyond 100 where it is above; null without a cap. */
export function fill(row: { questions: number; minutes: number; questions_max: number | null; minutes_max: number | null }): number | null {
  if (row.questions_max === null || row.minutes_max === null) return null
  return Math.round(Math.max(row.questions / Math.max(1, row.questions_max), row.minutes / Math.max(1, row.minutes_max)) * 100)
}
