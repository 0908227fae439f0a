import { computed, shallowRef } from 'vue'
import { get, request } from '@/api/client'
import type { Capability, Session } from '@/api/types'

export const session = shallowRef<Session | null>(null)
export const today = computed(() => session.value?.today ?? new Date().toISOString().slice(0, 10))

/** Fetches who is signed in; the caller sends strangers to /login. */
export async function loadSession(): Promise<void> { session.value = await get<Session>('/api/session') }

export function can(...capabilities: Capability[]): boolean {
  return capabilities.length === 0 || capabilities.some((c) => session.value?.capabilities.includes(c))
}

export async function signOut(): Promise<void> {
  await request('/api/session', { method: 'DELETE' })
  location.assign('/login?next=/console/')
}
