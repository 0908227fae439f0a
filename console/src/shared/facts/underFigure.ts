// Facts under a figure, page by page, newest first.
import { get } from '@/api/client'
import type { HistoryAnswer } from '@/api/types'

/** `path` is '/api/history/{view}?filters', as factsUnder() makes it. */
export function factsPage(path: string, cursor: string | null, limit = 30): Promise<HistoryAnswer> {
  const before = cursor ? `&before=${encodeURIComponent(cursor)}` : ''
  return get<HistoryAnswer>(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${before}`)
}
