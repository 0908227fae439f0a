// What is sent to accounts. Not commands: accounts are no facts of the programme, and there is nothing to repeat offline.
import { request } from '@/api/client'

export async function send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method }
  if (body !== undefined) Object.assign(init, { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
  return (await request(path, init)).json() as Promise<T>
}

/** Acts that take a session, key or way in from somebody are said again before they are done. */
export const NEEDS_REASON = ['close', 'reopen', 'take_second_factor', 'unlink_identity'] as const
export const needsReason = (act: string): boolean => (NEEDS_REASON as readonly string[]).includes(act)
