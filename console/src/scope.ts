// The place in view: ?place=<id> in the address, else the place one works at.
import { computed, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import { get } from '@/api/client'
import { LEVELS, type Level, type PlaceRef, type RowAnswer } from '@/api/types'
import { session } from '@/session'
import { rememberPlace } from '@/shared/placeNames'

export const childLevel = (level: Level): Level => LEVELS[Math.min(LEVELS.indexOf(level) + 1, LEVELS.length - 1)] ?? 'village'

export interface Scope { place: PlaceRef; path: { id: number; name: string }[] }
/** From a row of the view `places`: ids stand in `within`, names in the place's `path`. */
export function scopeOf(answer: RowAnswer): Scope | null {
  const place = answer.place
  if (!place) return null
  const names = place.path ?? [place.name]
  const within = Array.isArray(answer.row['within']) ? answer.row['within'].filter((id): id is number => typeof id === 'number') : []
  const ids = [...within, place.id]
  return { place, path: names.map((name, i) => ({ name, id: ids[ids.length - names.length + i] ?? place.id })) }
}

const current = shallowRef<Scope | null>(null)
const wanted = ref<number | null>(null)
watch(wanted, async (id) => {
  if (id === null) return
  const home = session.value?.home
  if (home?.id === id && !current.value) current.value = { place: home, path: (home.path ?? [home.name]).map((name) => ({ name, id })) }
  const answer = await get<RowAnswer>(`/api/rows/places/${id}`).catch(() => null)
  if (!answer || wanted.value !== id) return
  current.value = scopeOf(answer)
  // Places above cannot be asked for, but a record may name a post there.
  current.value?.path.forEach(rememberPlace)
})

/** Whether a place on a path from the top may be opened by whoever works at `home`: home itself and what lies below it. */
export function opens(path: readonly { id: number }[], i: number, home: number | undefined): boolean {
  const at = path.findIndex((step) => step.id === home)
  return at < 0 || i >= at
}

export function useScope() {
  const route = useRoute(), router = useRouter()
  const id = computed<number>(() => Number(route.query['place']) || session.value?.home?.id || 0)
  watch(id, (now) => { wanted.value = now }, { immediate: true })
  const place = computed<PlaceRef | null>(() => (current.value?.place.id === id.value ? current.value.place : null))
  function go(place: number): Promise<unknown> {
    const query: LocationQueryRaw = { ...route.query, place: String(place) }
    return router.push({ path: route.path, query })
  }
  return { id, place, path: computed(() => current.value?.path ?? []), go }
}
