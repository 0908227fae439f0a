// What is being typed, saved at every change: the phone may kill the page when the camera opens.
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import * as idb from './idb'

/** A form's state that survives. `ready` once the saved draft (if any) has been read. */
export function useDraft<T extends object>(key: string, fresh: T): { draft: Ref<T>; ready: Ref<boolean>; found: Ref<boolean>; save: () => Promise<void>; drop: () => Promise<void> } {
  const draft = ref(fresh) as Ref<T>
  const ready = ref(false), found = ref(false)
  let touched = false, over = false
  const plain = (): unknown => strip(draft.value)
  const save = async (): Promise<void> => { if (!over) await idb.write({ store: 'drafts', key, value: plain() }).catch(() => {}) }
  watch(draft, () => { if (ready.value) { touched = true; void save() } }, { deep: true })
  void idb.one<T>('drafts', key).catch(() => undefined).then((kept) => {
    if (kept && !touched) { draft.value = { ...draft.value, ...kept }; found.value = true }
    setTimeout(() => { ready.value = true })
  })
  onScopeDispose(() => { over = true })
  return { draft, ready, found, save, drop: async () => { over = true; await idb.write({ store: 'drafts', gone: key }).catch(() => {}) } }
}
/** Without Vue's wrappers, which IndexedDB cannot store; blobs as they are. */
function strip(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Blob) return value
  if (Array.isArray(value)) return value.map(strip)
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, strip(v)]))
}
