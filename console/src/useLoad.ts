// Fetching for pages. Contract: `run` is called at once and whenever `key` changes; an answer that comes too late is dropped;
// old data stays on screen while new data is on its way. Limits: no cache, no retry.
import { onScopeDispose, shallowRef, watch, type ShallowRef, type WatchSource } from 'vue'

export interface Load<T> { data: ShallowRef<T | null>; error: ShallowRef<unknown>; loading: ShallowRef<boolean>; reload: () => Promise<void> }

export function useLoad<T>(run: (signal: AbortSignal) => Promise<T>, key: WatchSource<unknown>): Load<T> {
  const data = shallowRef<T | null>(null), error = shallowRef<unknown>(null), loading = shallowRef(false)
  let current: AbortController | null = null
  async function reload(): Promise<void> {
    current?.abort()
    const mine = (current = new AbortController())
    loading.value = true
    try {
      const answer = await run(mine.signal)
      if (mine === current) { data.value = answer; error.value = null }
    } catch (e) {
      if (mine === current && !(e instanceof DOMException && e.name === 'AbortError')) { error.value = e; data.value = null }
    } finally {
      if (mine === current) loading.value = false
    }
  }
  watch(key, reload, { immediate: true })
  onScopeDispose(() => current?.abort())
  return { data, error, loading, reload }
}
