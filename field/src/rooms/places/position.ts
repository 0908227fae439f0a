// Where the phone is, on demand. Watches until good enough or time is up, and shows the accuracy all the while.
import { onScopeDispose, ref } from 'vue'
import type { Position } from '@/api/types'

export interface Fix { position: Position; accuracy_m: number }
export type Finding = { is: 'idle' } | { is: 'looking'; best: Fix | null } | { is: 'found'; best: Fix } | { is: 'failed'; why: 'denied' | 'unavailable' | 'timeout' | 'unsupported' }
const GOOD_M = 12, PATIENCE_MS = 20_000

export function usePosition() {
  const finding = ref<Finding>({ is: 'idle' })
  let watchId: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  function stop(): void {
    if (watchId !== null) navigator.geolocation.clearWatch(watchId)
    watchId = null
    clearTimeout(timer)
  }
  function settle(why: 'timeout' | 'denied' | 'unavailable'): void {
    stop()
    const best = finding.value.is === 'looking' ? finding.value.best : null
    finding.value = best ? { is: 'found', best } : { is: 'failed', why }
  }
  function look(): void {
    if (!('geolocation' in navigator)) { finding.value = { is: 'failed', why: 'unsupported' }; return }
    stop()
    finding.value = { is: 'looking', best: null }
    timer = setTimeout(() => settle('timeout'), PATIENCE_MS)
    watchId = navigator.geolocation.watchPosition((p) => {
      const fix: Fix = { position: { lon_e7: Math.round(p.coords.longitude * 1e7), lat_e7: Math.round(p.coords.latitude * 1e7) }, accuracy_m: Math.ceil(p.coords.accuracy) }
      const now = finding.value
      const best = now.is === 'looking' && now.best && now.best.accuracy_m <= fix.accuracy_m ? now.best : fix
      finding.value = { is: 'looking', best }
      if (best.accuracy_m <= GOOD_M) settle('timeout')
    }, (e) => settle(e.code === e.PERMISSION_DENIED ? 'denied' : e.code === e.TIMEOUT ? 'timeout' : 'unavailable'), { enableHighAccuracy: true, maximumAge: 0, timeout: PATIENCE_MS })
  }
  onScopeDispose(stop)
  return { finding, look, stop, clear: () => { stop(); finding.value = { is: 'idle' } } }
}
