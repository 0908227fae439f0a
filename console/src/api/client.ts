// The one door to the server. Knows problem documents, sign-in, being offline, and commands that may safely be sent twice.
import { ref, readonly } from 'vue'
import type { CommandAnswer, CommandGiven, FileAnswer, ProblemDocument } from './types'
import { language } from '@/words/words'
import { uuidv7 } from './uuid'

/** A refusal or accident that the server put into words. */
export class Refused extends Error {
  constructor(readonly problem: ProblemDocument) { super(problem.title) }
  get status() { return this.problem.status }
}
/** The server could not be reached. What was typed is still there; try again. */
export class Offline extends Error {}

const waiting = ref(0)
/** How many requests are under way: drives the progress line. */
export const requestsWaiting = readonly(waiting)

function isProblemDocument(value: unknown): value is ProblemDocument {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

function goToSignIn(): void {
  const next = location.pathname + location.search + location.hash
  location.assign(`/login?next=${encodeURIComponent(next)}`)
}

export async function request(path: string, init: RequestInit = {}, signal?: AbortSignal): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('Accept', 'application/json, application/problem+json')
  headers.set('Accept-Language', language.value)
  if (init.method && init.method !== 'GET') headers.set('X-Qianwan', '1')
  waiting.value++
  try {
    let response: Response
    try {
      response = await fetch(path, { ...init, headers, signal: signal ?? null, credentials: 'same-origin' })
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw new Offline(String(error))
    }
    if (response.ok) return response
    const body: unknown = await response.json().catch(() => null)
    if (response.status === 401 && path !== '/api/session') goToSignIn()
    // Some posts ask for a second factor before anything else; its page is plain HTML.
    if (isProblemDocument(body) && body.type === '/errors/second-factor-required') location.assign('/second-factor')
    throw new Refused(isProblemDocument(body) ? body : { type: '/errors/accident', title: `HTTP ${response.status}`, status: response.status })
  } finally {
    waiting.value--
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request(path, {}, signal)).json() as Promise<T>
}

/** Command ids by the content sent: the same command sent again after a broken answer carries the same id, so it counts once. */
const idsKept = new Map<string, string>()

export async function give(command: CommandGiven): Promise<CommandAnswer> {
  const content = JSON.stringify(command)
  const id = idsKept.get(content) ?? uuidv7()
  idsKept.set(content, id)
  try {
    const response = await request('/api/commands', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id, command }),
    })
    idsKept.delete(content)
    return (await response.json()) as CommandAnswer
  } catch (error) {
    // A refusal is an answer: the next try is a new command. Only when no answer came must the id be kept.
    if (error instanceof Refused && error.status < 500) idsKept.delete(content)
    throw error
  }
}

export async function upload(file: File): Promise<FileAnswer> {
  const form = new FormData()
  form.set('file', file)
  return (await request('/api/files', { method: 'POST', body: form })).json() as Promise<FileAnswer>
}
