// The queue as the pages see it: acts saved on this phone first, then sent when the server can be reached.
import { computed, ref, shallowRef, watch } from 'vue'
import { flush } from './flush'
import type { Item, QueuedPhoto } from './item'
import { uuidv7 } from './uuid'
import { now, post, submitPart, upload } from '@/api/client'
import type { Command, CommandAnswer, Uploaded } from '@/api/types'
import type { Photo } from '@/photo/shrink'
import type { Answers } from '@/rooms/surveys/engine'
import type { FormLine } from '@/rooms/surveys/forms'
import { loadSession, session, signedIn } from '@/session'
import * as idb from '@/store/idb'
import { forgotten, keep, recall } from '@/store/kept'

export interface Sent { id: string; type: string; subject: string; place: string; field: string; words: string; at_ms: number }
const SENT = 'sent', SENT_MAX = 30

export const items = shallowRef<Item[]>([])
export const sent = shallowRef<Sent[]>([])
export const sending = ref(false)
/** Raised by one each time something reached the server, so that pages load afresh. */
export const arrivals = ref(0)
export const waiting = computed(() => items.value.filter((i) => i.state.is === 'waiting'))
export const refused = computed(() => items.value.filter((i) => i.state.is === 'refused'))
export const oldest_ms = computed(() => items.value.reduce((least, i) => Math.min(least, i.made_ms), Infinity))
/** Set when the browser may throw the queue away on a full phone. */
export const persisted = ref<boolean | null>(null)

const refresh = async (): Promise<void> => { items.value = (await idb.all<Item>('queue')).sort((a, b) => (a.id < b.id ? -1 : 1)) }

export async function startQueue(): Promise<void> {
  await refresh()
  persisted.value = (await navigator.storage?.persisted?.().catch(() => null)) ?? null
  const again = (): void => { if (document.visibilityState === 'visible') void send() }
  addEventListener('online', again)
  document.addEventListener('visibilitychange', again)
  addEventListener('pageshow', again)
}

/** Something new lies on the phone: it is shown, kept from being thrown away, and sent if that can be. */
async function saved(): Promise<void> {
  await refresh()
  if (persisted.value !== true) persisted.value = (await navigator.storage?.persist?.().catch(() => false)) ?? false
  void send()
}

/** Saves one act with its photos, and lets its draft go, in one step; then tries to send. Rejects only if the phone cannot save. */
export async function add(act: { command: Command; place: string; field: string; words: string; photos: Photo[]; draft: string; instead?: string }): Promise<string> {
  const who = session.value
  if (!who) throw new Error('nobody is signed in')
  const photos: QueuedPhoto[] = act.photos.map((p) => ({ id: uuidv7(), hash: null, taken_ms: p.taken_ms, placed: p.position !== null }))
  const item: Item = {
    id: uuidv7(now()), account: who.account.id, account_name: who.account.display, made_ms: now(), command: act.command,
    place: act.place, field: act.field, words: act.words.slice(0, 80), photos, state: { is: 'waiting', tried: false },
  }
  const old = items.value.find((i) => i.id === act.instead)
  await idb.write(
    { store: 'queue', key: item.id, value: item },
    ...photos.map((p, i) => ({ store: 'photos' as const, key: p.id, value: act.photos[i]?.blob })),
    { store: 'drafts', gone: act.draft },
    ...(old ? goneWith(old) : []),
  )
  await saved()
  return item.id
}

/** Saves answers to a form with their files and lets the draft go, in one step; then tries to send. */
export async function addSubmission(of: { line: FormLine; answers: Answers; draft: string }): Promise<void> {
  const who = session.value
  if (!who) throw new Error('nobody is signed in')
  const files = of.answers.files.map((f) => ({ name: f.name, photo: uuidv7(), sent: false }))
  const item: Item = {
    id: uuidv7(now()), account: who.account.id, account_name: who.account.display, made_ms: now(), command: { type: 'surveys.submit' },
    place: of.line.village ?? '', field: '', words: of.line.title, photos: [], submission: { url: of.line.submit, xml: of.answers.xml, files, form: of.line.key }, state: { is: 'waiting', tried: false },
  }
  await idb.write(
    { store: 'queue', key: item.id, value: item },
    ...files.map((f, i) => ({ store: 'photos' as const, key: f.photo, value: of.answers.files[i]?.blob })),
    { store: 'drafts', gone: of.draft },
  )
  await saved()
}

const goneWith = (item: Item): idb.Write[] => [
  { store: 'queue', gone: item.id }, ...[...item.photos.map((p) => p.id), ...(item.submission?.files.map((f) => f.photo) ?? [])].map((gone) => ({ store: 'photos' as const, gone })),
]
/** Only on purpose: asked and confirmed on the page. */
export async function discard(item: Item): Promise<void> {
  await idb.write(...goneWith(item))
  await refresh()
}
/** Sends once more what was refused: a form may be open again, or a version known by now. */
export async function retry(item: Item): Promise<void> {
  await idb.write({ store: 'queue', key: item.id, value: { ...item, state: { is: 'waiting', tried: true } } })
  await refresh()
  void send()
}
export const blobOf = (id: string): Promise<Blob | undefined> => idb.one<Blob>('photos', id)

let timer: ReturnType<typeof setTimeout> | undefined
let pause_s = 15
/** Sends what waits. One page at a time (a second page would only repeat, which is harmless). */
export async function send(): Promise<void> {
  if (sending.value) return
  clearTimeout(timer)
  sending.value = true
  try {
    if (!navigator.locks) await sendNow()
    else await navigator.locks.request('qw-queue', { ifAvailable: true }, async (lock) => { if (lock) await sendNow() })
  } catch { /* the phone's store failed; all is still there for the next try */ } finally {
    sending.value = false
    await refresh().catch(() => {})
  }
}
async function sendNow(): Promise<void> {
  await refresh()
  if (waiting.value.length === 0) return
  // The server says who is signed in, before anything is sent in that name.
  if ((await loadSession()) !== 'yes' || !session.value) return again()
  const outcome = await flush({
    account: session.value.account.id,
    items: () => idb.all<Item>('queue'),
    photo: async (id) => (await blobOf(id)) ?? null,
    upload: (photo) => upload<Uploaded>(photo),
    submit: (submission, file, more) => submitPart(submission.url, submission.xml, file, more),
    give: (id, command) => post<CommandAnswer>('/api/commands', { id, command }),
    save: async (item) => { await idb.write({ store: 'queue', key: item.id, value: item }); await refresh() },
    done: async (item, subject) => {
      const line: Sent = { id: item.id, type: item.command.type, subject, place: item.place, field: item.field, words: item.words, at_ms: now() }
      await idb.write(...goneWith(item))
      sent.value = [line, ...sent.value].slice(0, SENT_MAX)
      await keep(SENT, sent.value)
      arrivals.value++
      await refresh()
    },
  })
  if (outcome.is === 'signed-out') signedIn.value = 'no'
  if (outcome.is === 'unreachable') again(outcome.retry_s)
  else pause_s = 15
}
function again(asked_s?: number): void {
  timer = setTimeout(() => { if (document.visibilityState === 'visible') void send() }, (asked_s ?? pause_s) * 1000)
  pause_s = Math.min(pause_s * 2, 300)
}
watch(forgotten, () => { sent.value = [] }, { flush: 'sync' })
export async function startSent(): Promise<void> { sent.value = (await recall<Sent[]>(SENT))?.value ?? [] }
