// Names of places by id, each asked for once. Until the answer comes, and if it never does, the id stands in.
import { shallowReactive } from 'vue'
import { get } from '@/api/client'
import type { PlaceRef, RowAnswer } from '@/api/types'

const names = shallowReactive(new Map<number, string>())
const asked = new Set<number>()
export function placeName(id: number): string {
  const known = names.get(id)
  if (known !== undefined) return known
  if (!asked.has(id)) {
    asked.add(id)
    void get<RowAnswer>(`/api/rows/places/${id}`).then((answer) => { if (answer.place) names.set(id, answer.place.name) }, () => undefined)
  }
  return `#${id}`
}
export function rememberPlace(place: Pick<PlaceRef, 'id' | 'name'> | null | undefined): void {
  if (place && !names.has(place.id)) { asked.add(place.id); names.set(place.id, place.name) }
}
