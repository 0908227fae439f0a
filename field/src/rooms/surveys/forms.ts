// The forms that this phone may fill, with all that is needed to fill them without the server: the form itself and its files.
import { ref } from 'vue'
import { session } from '@/session'
import * as idb from '@/store/idb'

export interface FormFile { name: string; hash: string; url: string }
/** A published version of a form, as the server lists it. `url` and the files are the same bytes for ever under one `hash`. */
/** An answer that facts know of the village already, and since when. */
export interface Known { path: string; value: string; on: string | null }
export interface FormLine { known?: Known[]; key: string; form: string; version: string; title: string; hash: string; url: string; submit: string; files: FormFile[]; /** For which village, where one was chosen. */ village?: string }
/** As the server says it: the forms offered at a place, its own and those of the places above. */
export interface FormList { forms: { known?: Known[]; form: string; xml: string; version: { file: string; head: { form_id: string; title: string; version?: string | null; files: { name: string; file?: string | null }[] } } }[] }
const at = (): number | null => session.value?.home?.id ?? session.value?.posts[0]?.place.id ?? null
/** Where the list is; null: nobody is signed in, or has no post. */
export const FORMS = (): string | null => { const place = at(); return place === null ? null : `/api/places/${place}/forms` }
export const linesOf = (list: FormList): FormLine[] => list.forms.map(({ form, xml, known, version: { file, head } }) => ({
  known: known ?? [], key: form, form: head.form_id, version: head.version ?? '', title: head.title, hash: file, url: xml, submit: `/api/submissions?place=${at()}`,
  files: head.files.flatMap((f) => (f.file ? [{ name: f.name, hash: f.file, url: xml.replace(/xml$/, `files/${encodeURIComponent(f.name)}`) }] : [])),
}))

const stored = (f: { hash: string }): string => `form-file:${f.hash}`
const keptBlob = (f: { hash: string }): Promise<Blob | null> => idb.one<Blob>('kept', stored(f)).then((b) => b ?? null).catch(() => null)

async function fetched(f: { hash: string; url: string }): Promise<Blob | null> {
  const there = await keptBlob(f)
  if (there) return there
  const response = await fetch(f.url, { credentials: 'same-origin' }).catch(() => null)
  if (!response || response.status !== 200) return null
  const blob = await response.blob().catch(() => null)
  // A full phone still fills the form while the net is there.
  if (blob) await idb.write({ store: 'kept', key: stored(f), value: blob }).catch(() => {})
  return blob
}
/** How many of the listed forms lie on this phone whole, and how many are listed. */
export const ready = ref<{ whole: number; of: number }>({ whole: 0, of: 0 })

/** Brings what is missing of every form, one file after another. */
export async function bring(forms: readonly FormLine[]): Promise<void> {
  let whole = 0
  for (const f of forms) {
    const parts = await Promise.all([f, ...f.files].map(fetched))
    if (parts.every(Boolean)) whole++
    ready.value = { whole, of: forms.length }
  }
}
/** The XML of a form and a way to its files, from the phone or else from the server; null: neither has it. */
export async function source(f: FormLine): Promise<{ xml: string; attachment: (name: string) => Promise<Blob | null> } | null> {
  const blob = await fetched(f)
  if (!blob) return null
  return { xml: await blob.text(), attachment: async (name) => { const file = f.files.find((a) => a.name === name); return file ? fetched(file) : null } }
}

/** A name for this phone in submissions (deviceid): random, made once, tied to nothing else. */
export function device(): string {
  const made = localStorage.getItem('qw_device') ?? `qianwan:${crypto.getRandomValues(new Uint32Array(4)).join('').slice(0, 24)}`
  localStorage.setItem('qw_device', made)
  return made
}
