// IndexedDB in a page: four stores, one function that writes several things at once or none of them.
export type Store = 'queue' | 'photos' | 'drafts' | 'kept'
export type Write = { store: Store; key: string; value: unknown } | { store: Store; gone: string }

let opened: Promise<IDBDatabase> | null = null
function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('qianwan-field', 1)
    request.onupgradeneeded = () => { for (const store of ['queue', 'photos', 'drafts', 'kept']) request.result.createObjectStore(store) }
    request.onsuccess = () => {
      request.result.onversionchange = () => { request.result.close(); opened = null }
      resolve(request.result)
    }
    request.onerror = () => { opened = null; reject(request.error) }
  })
  return opened
}

async function read<T>(store: Store, of: (s: IDBObjectStore) => IDBRequest): Promise<T> {
  const db = await open()
  return new Promise((resolve, reject) => {
    const request = of(db.transaction(store).objectStore(store))
    request.onsuccess = () => resolve(request.result as T)
    request.onerror = () => reject(request.error)
  })
}
export const one = <T>(store: Store, key: string): Promise<T | undefined> => read(store, (s) => s.get(key))
export const all = <T>(store: Store): Promise<T[]> => read(store, (s) => s.getAll())

/** All of it or none. Resolves when it is on the disk. */
export async function write(...what: Write[]): Promise<void> {
  const db = await open()
  return new Promise((resolve, reject) => {
    const tx = db.transaction([...new Set(what.map((w) => w.store))], 'readwrite')
    for (const w of what) {
      if ('gone' in w) tx.objectStore(w.store).delete(w.gone)
      else tx.objectStore(w.store).put(w.value, w.key)
    }
    tx.oncomplete = () => resolve()
    tx.onerror = tx.onabort = () => reject(tx.error)
  })
}
export async function clear(store: Store): Promise<void> {
  const db = await open()
  return new Promise((resolve, reject) => {
    const tx = db.transaction(store, 'readwrite')
    tx.objectStore(store).clear()
    tx.oncomplete = () => resolve()
    tx.onerror = tx.onabort = () => reject(tx.error)
  })
}
