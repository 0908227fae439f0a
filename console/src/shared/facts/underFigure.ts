// Facts under a figure, page by page, newest first.
import { get } from '@/api/client'
import type { FactsAnswer } from '@/api/types'

/** `path` is '/api/history/{view}?filters', as factsUnder() makes it. */
export function factsPage(path: string, cursor: string | null, limit = 30): Promise<FactsAnswer> {
  const before = cursor ? `&before=${encodeURIComponent(cursor)}` : ''
  return get<FactsAnswer>(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${before}`)
}
