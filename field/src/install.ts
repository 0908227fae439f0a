// Being on the home screen, and being kept for the time without network. Only hints: nobody is made to install.
import { ref } from 'vue'

interface InstallEvent extends Event { prompt: () => Promise<void> }
export const canInstall = ref<InstallEvent | null>(null)
export const installed = matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true
export const iOS = /iPhone|iPad/.test(navigator.userAgent)
/** A page inside WeChat, DingTalk or the like: often no service worker, no home screen, and its store may be cleared. */
export const webview: 'wechat' | 'dingtalk' | 'other' | null = /MicroMessenger/i.test(navigator.userAgent) ? 'wechat'
  : /DingTalk/i.test(navigator.userAgent) ? 'dingtalk' : 'serviceWorker' in navigator ? null : 'other'
/** Whether the app opens without the server from now on. */
export const keptHere = ref(false)
/** A newer version that waits. */
export const newer = ref<ServiceWorker | null>(null)

export function startInstall(): void {
  addEventListener('beforeinstallprompt', (e) => { e.preventDefault(); canInstall.value = e as InstallEvent })
  addEventListener('appinstalled', () => { canInstall.value = null })
}
/** After the first page is there, so that it does not compete with it. */
export async function startWorker(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  const workers = navigator.serviceWorker
  const before = workers.controller !== null
  let reloading = false
  workers.addEventListener('controllerchange', () => { if (before && !reloading && newer.value) { reloading = true; location.reload() } })
  try {
    const registration = await workers.register('/field/sw.js', { scope: '/field/', updateViaCache: 'none' })
    const look = (): void => { if (registration.waiting && workers.controller) newer.value = registration.waiting }
    look()
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
    await workers.ready
    keptHere.value = true
  } catch { /* no service worker here: the page says so under 'me' */ }
}
export async function install(): Promise<void> { await canInstall.value?.prompt(); canInstall.value = null }
export function takeNewer(): void { newer.value?.postMessage('take-over') }
