// Answers of the server, kept with their age for the time when it cannot be reached.
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import * as idb from './idb'
import { ask, now, type Answer } from '@/api/client'
import type { ProblemDocument } from '@/api/types'

export interface Kept<T> { at_ms: number; value: T }

const memory = new Map<string, Kept<unknown>>()
export async function recall<T>(path: string): Promise<Kept<T> | null> {
  const found = memory.get(path) ?? (await idb.one<Kept<T>>('kept', path).catch(() => undefined)) ?? null
  if (found) memory.set(path, found)
  return found as Kept<T> | null
}
export async function keep<T>(path: string, value: T): Promise<Kept<T>> {
  const kept = { at_ms: now(), value }
  memory.set(path, kept)
  await idb.write({ store: 'kept', key: path, value: kept }).catch(() => { /* a full phone keeps less, the page still works */ })
  return kept
}
/** Raised by one when all that was kept is thrown away. */
export const forgotten = ref(0)
export async function forget(): Promise<void> {
  memory.clear()
  forgotten.value++
  await idb.clear('kept').catch(() => {})
  await globalThis.caches?.delete('qw-thumbs').catch(() => false)
}

export type Loading = { is: 'loading' } | { is: 'fresh' } | { is: 'unreachable' } | { is: 'signed-out' } | { is: 'refused'; problem: ProblemDocument }
export interface Loaded<T> { kept: ShallowRef<Kept<T> | null>; loading: Ref<Loading>; reload: () => Promise<void> }

/** What the server says at a path: first what is kept from before, then the fresh answer. Follows the path; a path of null asks nothing. */
export function useKept<T>(path: () => string | null): Loaded<T> {
  const kept = shallowRef<Kept<T> | null>(null)
  const loading = ref<Loading>({ is: 'loading' })
  let turn = 0
  async function reload(): Promise<void> {
    const mine = ++turn
    const at = path()
    if (at === null) return
    loading.value = { is: 'loading' }
    if (kept.value === null) {
      const before = await recall<T>(at)
      if (mine === turn && before) kept.value = before
    }
    const answer: Answer<T> = await ask<T>(at)
    if (answer.is === 'ok') {
      const fresh = await keep(at, answer.value)
      if (mine === turn) { kept.value = fresh; loading.value = { is: 'fresh' } }
    } else if (mine === turn) loading.value = answer.is === 'refused' ? { is: 'refused', problem: answer.problem } : { is: answer.is }
  }
  watch(path, () => { kept.value = null; void reload() }, { immediate: true })
  onScopeDispose(() => { turn++ })
  return { kept, loading, reload }
}
