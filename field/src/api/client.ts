// The one door to the server. Never throws: what came back is one of four kinds, and each is drawn on purpose.
import { ref } from 'vue'
import type { ProblemDocument } from './types'
import { language } from '@/words/words'

export type Answer<T> =
  | { is: 'ok'; value: T }
  /** The server said no, in words. */
  | { is: 'refused'; problem: ProblemDocument }
  | { is: 'signed-out' }
  /** No answer, or one that is not from our server (an accident, a hotel's sign-in page): nothing is known, try again. */
  | { is: 'unreachable'; retry_s?: number }

export const reachable = ref(true)
/** How far the server's clock is ahead of the phone's; small differences don't count. */
export let skew_ms = 0

function isDocument(value: unknown): value is ProblemDocument {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string' && typeof (value as { title?: unknown }).title === 'string'
}

/** What an answer means. Only our own words count as a refusal: a bare 403 from a proxy must not end a command. */
export function classify<T>(status: number, type: string, body: unknown, retryAfter: string | null): Answer<T> {
  const json = type.includes('json')
  if (status === 401) return { is: 'signed-out' }
  if (status >= 200 && status < 300 && json) return { is: 'ok', value: body as T }
  if (status === 204) return { is: 'ok', value: undefined as T }
  if (status === 429 || status === 408 || status >= 500 || !json || !isDocument(body)) {
    const wait = Number(retryAfter ?? (isDocument(body) ? body.args?.['seconds'] : undefined))
    return wait > 0 ? { is: 'unreachable', retry_s: wait } : { is: 'unreachable' }
  }
  return { is: 'refused', problem: body }
}

export async function ask<T>(path: string, init: RequestInit = {}, limit_s = 20): Promise<Answer<T>> {
  const headers = new Headers(init.headers)
  headers.set('Accept', 'application/json, application/problem+json')
  headers.set('Accept-Language', language.value)
  if (init.method) headers.set('X-Qianwan', '1')
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), limit_s * 1000)
  try {
    const response = await fetch(path, { ...init, headers, credentials: 'same-origin', signal: stop.signal })
    const type = response.headers.get('Content-Type') ?? ''
    const body: unknown = type.includes('json') ? await response.json() : null
    const answer = classify<T>(response.status, type, body, response.headers.get('Retry-After'))
    reachable.value = answer.is !== 'unreachable'
    const date = Date.parse(response.headers.get('Date') ?? '')
    if (answer.is !== 'unreachable' && date) skew_ms = Math.abs(date - Date.now()) > 120_000 ? date - Date.now() : 0
    return answer
  } catch {
    reachable.value = false
    return { is: 'unreachable' }
  } finally {
    clearTimeout(timer)
  }
}

export function post<T>(path: string, body: unknown): Promise<Answer<T>> {
  return ask<T>(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }, 30)
}
export function upload<T>(blob: Blob): Promise<Answer<T>> {
  const form = new FormData()
  form.set('file', blob, 'photo.jpg')
  return ask<T>('/api/files', { method: 'POST', body: form }, 180)
}
/** What the server says of a part of a submission: it lies safe, and these files of it have not come yet. */
export interface HandedIn { submission: string; missing: string[] }
/** One part of a submission to a form: its XML, at most one file, and the rest in parts of their own. */
export async function submitPart(path: string, xml: string, file: { name: string; blob: Blob } | null, more: boolean): Promise<Answer<HandedIn>> {
  const form = new FormData()
  form.set('xml_submission_file', new File([xml], 'submission.xml', { type: 'text/xml' }))
  if (file) form.set(file.name, new File([file.blob], file.name, { type: file.blob.type }))
  if (more) form.set('*isIncomplete*', 'yes')
  return ask<HandedIn>(path, { method: 'POST', body: form }, 300)
}
export const now = (): number => Date.now() + skew_ms
