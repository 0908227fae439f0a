// Who bears posts on a day, by name: one request for all the posts that a page names.
import { computed, type ComputedRef } from 'vue'
import { get } from '@/api/client'
import type { Bearer, BearersAnswer, Post } from '@/api/types'
import { postKey } from '@/shared/say/post'
import { useLoad } from '@/useLoad'

/** As many as the server answers in one go. */
const AT_ONCE = 200
/** '/api/bearers?post=…&day=…' */
export function bearersQuery(keys: readonly string[], day?: string): string {
  const q = new URLSearchParams(keys.map((key) => ['post', key]))
  if (day) q.set('day', day)
  return `/api/bearers?${q}`
}
export async function bearersOf(posts: readonly Post[], day?: string, signal?: AbortSignal): Promise<Map<string, Bearer>> {
  const keys = [...new Set(posts.map(postKey))], found = new Map<string, Bearer>()
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    const answer = await get<BearersAnswer>(bearersQuery(keys.slice(i, i + AT_ONCE), day), signal)
    for (const bearer of answer.bearers) found.set(bearer.post, bearer)
  }
  return found
}
export interface Bearers { of: (post: Post | null | undefined) => Bearer | null; ready: ComputedRef<boolean> }
/** Bearers of whatever posts the page shows; without them (no answer, no right) the page stands as it is. */
export function useBearers(posts: () => readonly Post[], day?: () => string | undefined): Bearers {
  const load = useLoad(async (signal) => (posts().length ? bearersOf(posts(), day?.(), signal) : new Map<string, Bearer>()), () => [...new Set(posts().map(postKey))].sort().join() + (day?.() ?? ''))
  return { of: (post) => (post ? (load.data.value?.get(postKey(post)) ?? null) : null), ready: computed(() => load.data.value !== null) }
}
