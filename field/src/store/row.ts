// A row of a view as this phone knows it: the page of its own, else its row in the day's lists with a guess at what may be done.
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { recall, useKept, type Loaded } from './kept'
import type { Today } from '@/api/types'
import { mayBesides, subject } from '@/queue/item'
import { arrivals, items } from '@/queue/queue'
import { session } from '@/session'

export interface Known<R> { row: R; at_ms: number; guessed: boolean }
export type OneRow<R> = { known: ComputedRef<Known<R> | null>; may: ComputedRef<string[]> } & Pick<Loaded<R>, 'loading' | 'reload'>
export function useRow<R extends { key: string; may?: string[] }>(view: 'problems' | 'tasks', id: () => string, rowsOf: (day: Today) => R[], guess: (day: Today, key: string, capabilities: readonly string[]) => string[]): OneRow<R> {
  const { kept, loading, reload } = useKept<R>(() => `/api/rows/${view}/${encodeURIComponent(id())}`)
  const fromDay = shallowRef<Known<R> | null>(null)
  watch(id, async (key) => {
    fromDay.value = null
    const day = await recall<Today>('/api/today').catch(() => null)
    // Meanwhile another one may have been opened.
    if (key !== id()) return
    const row = day && rowsOf(day.value).find((r) => r.key === key)
    if (day && row) fromDay.value = { row: { ...row, may: guess(day.value, key, session.value?.capabilities ?? []) }, at_ms: day.at_ms, guessed: true }
  }, { immediate: true })
  watch(arrivals, reload)
  const known = computed<Known<R> | null>(() => {
    const own = kept.value ? { row: kept.value.value, at_ms: kept.value.at_ms, guessed: false } : null
    const may = own?.row.may
    return own && fromDay.value && fromDay.value.at_ms > own.at_ms ? { ...fromDay.value, row: may ? { ...fromDay.value.row, may } : fromDay.value.row } : own ?? fromDay.value
  })
  const may = computed(() => mayBesides(known.value?.row.may ?? [], items.value.filter((i) => subject(i) === id())))
  return { known, may, loading, reload }
}
