// Facts under a figure, page by page. docs/http.md names /api/history/groups/{view} with `after`; the first server builds answer at
// /api/history/{view} with `before`. Whichever answers is kept; when both agree, the second form and this note can go.
import { get, Refused } from '@/api/client'
import type { HistoryAnswer } from '@/api/types'

let short = false
export async function factsPage(path: string, cursor: string | null, limit = 30): Promise<HistoryAnswer> {
  const joined = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}`
  const long = () => get<HistoryAnswer>(joined + (cursor ? `&after=${encodeURIComponent(cursor)}` : ''))
  const other = () => get<HistoryAnswer>(joined.replace('/api/history/groups/', '/api/history/') + (cursor ? `&before=${encodeURIComponent(cursor)}` : ''))
  if (short) return other()
  try { return await long() } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error
    const answer = await other()
    short = true
    return answer
  }
}
