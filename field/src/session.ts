// Who is signed in. The last known session is kept, so that the app opens without the server; the server's word wins.
import { computed, ref, shallowRef } from 'vue'
import { ask, now } from '@/api/client'
import type { Session } from '@/api/types'
import { day } from '@/format/format'
import { forget, keep, recall } from '@/store/kept'

const PATH = '/api/session'
export const session = shallowRef<Session | null>(null)
/** unknown: not asked yet, or the server cannot be reached. */
export const signedIn = ref<'unknown' | 'yes' | 'no'>('unknown')
export const may = (capability: string): boolean => session.value?.capabilities.includes(capability) ?? false

const serverDay = ref<{ today: string; at_ms: number } | null>(null)
/** The server's day where it was told in the last hour, else the phone's. */
export const today = computed(() => {
  const told = serverDay.value
  return told && now() - told.at_ms < 3_600_000 ? told.today : day(now())
})

export async function startSession(): Promise<void> {
  session.value = (await recall<Session>(PATH))?.value ?? null
}
export async function loadSession(): Promise<'yes' | 'no' | 'unknown'> {
  const answer = await ask<Session>(PATH)
  if (answer.is === 'ok') {
    if (session.value && session.value.account.id !== answer.value.account.id) await forget() // a shared phone: nobody reads what another has loaded
    await keep(PATH, answer.value)
    session.value = answer.value
    serverDay.value = { today: answer.value.today, at_ms: now() }
    signedIn.value = 'yes'
  } else if (answer.is === 'unreachable') return 'unknown'
  else signedIn.value = 'no'
  return signedIn.value
}
/** What was loaded goes; what waits to be sent stays, under the name of whoever did it. */
export async function signOut(): Promise<boolean> {
  const answer = await ask(PATH, { method: 'DELETE' })
  if (answer.is !== 'ok' && answer.is !== 'signed-out') return false
  await forget()
  session.value = null
  signedIn.value = 'no'
  return true
}
export function signInAddress(): string { return `/login?next=${encodeURIComponent('/field/')}` }
