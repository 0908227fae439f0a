// The indicator that colours a map: chosen in the address (?indicator=), fetched for the places just below the one in view.
import { computed, type Ref } from 'vue'
import { useRoute } from 'vue-router'
import { get } from '@/api/client'
import type { Indicator, IndicatorAnswer } from '@/api/types'
import { useLoad } from '@/useLoad'
import { classify } from './classes'

export function useIndicator(place: Ref<number>) {
  const route = useRoute()
  const list = useLoad((signal) => get<Indicator[]>('/api/indicators', signal), () => 0)
  const name = computed(() => (typeof route.query['indicator'] === 'string' ? route.query['indicator'] : ''))
  const answer = useLoad(async (signal) => (name.value && place.value ? get<IndicatorAnswer>(`/api/indicators/${name.value}?place=${place.value}&level=child`, signal) : null), () => `${name.value}/${place.value}`)
  return {
    list, name, answer,
    unit: computed(() => answer.data.value?.unit ?? ''),
    better: computed(() => list.data.value?.find((i) => i.name === name.value)?.better ?? 'neither'),
    classes: computed(() => (answer.data.value ? classify(answer.data.value.values) : null)),
  }
}
export type IndicatorInView = ReturnType<typeof useIndicator>
