// A problem as this phone knows it: the page of its own, else its row in the day's lists with a guess at what may be done.
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import type { ProblemRow, Today } from '@/api/types'
import { arrivals, items } from '@/queue/queue'
import { mayBesides } from '@/queue/item'
import { probablyMay } from '@/rooms/today/order'
import { session } from '@/session'
import { recall, useKept, type Loaded } from '@/store/kept'

export interface Known { row: ProblemRow; at_ms: number; guessed: boolean }
export function useProblem(id: () => string): { known: ComputedRef<Known | null>; may: ComputedRef<string[]> } & Pick<Loaded<ProblemRow>, 'loading' | 'reload'> {
  const { kept, loading, reload } = useKept<ProblemRow>(() => `/api/rows/problems/${encodeURIComponent(id())}`)
  const fromDay = shallowRef<Known | null>(null)
  watch(id, async (key) => {
    fromDay.value = null
    const day = await recall<Today>('/api/today').catch(() => null)
    const row = day?.value.lists.flatMap((l) => l.rows).find((r) => r.key === key)
    if (day && row) fromDay.value = { row: { ...row, may: probablyMay(day.value, key, session.value?.capabilities ?? []) }, at_ms: day.at_ms, guessed: true }
  }, { immediate: true })
  watch(arrivals, reload)
  const known = computed<Known | null>(() => {
    const own = kept.value ? { row: kept.value.value, at_ms: kept.value.at_ms, guessed: false } : null
    return own && fromDay.value && fromDay.value.at_ms > own.at_ms ? { ...fromDay.value, row: { ...fromDay.value.row, may: own.row.may ?? fromDay.value.row.may } as ProblemRow } : own ?? fromDay.value
  })
  const may = computed(() => mayBesides(known.value?.row.may ?? [], items.value.filter((i) => i.command['problem'] === id())))
  return { known, may, loading, reload }
}
