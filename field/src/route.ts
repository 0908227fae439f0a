// Pages by the part after '#', so that one kept file opens all of them, with or without the server.
// #/  #/list/<name>  #/forms  #/forms/<key>/<draft>?place=<village>  #/preview/<form>/<version>  #/problems/<key>  #/problems/<key>/<command>  #/tasks/<key>  #/tasks/<key>/<command>  #/report  #/queue  #/me
// New pages (patrols) get a line here and one in App.vue.
import { computed, ref } from 'vue'

export type Page =
  | { is: 'today' } | { is: 'list'; name: string }
  | { is: 'problem'; key: string } | { is: 'task'; key: string } | { is: 'act'; key: string; type: string; instead: string | null }
  | { is: 'report'; instead: string | null } | { is: 'queue' } | { is: 'me' } | { is: 'forms' } | { is: 'form'; key: string; draft: string; /** The village that it is for, where one was chosen. */ place: number | null } | { is: 'preview'; key: string; version: string }

export function parse(hash: string): Page {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [room, key, type] = path.split('/').map(decodeURIComponent)
  const instead = new URLSearchParams(query).get('instead')
  switch (room) {
    case 'list': return key ? { is: 'list', name: key } : { is: 'today' }
    case 'problems': return !key ? { is: 'today' } : type ? { is: 'act', key, type, instead } : { is: 'problem', key }
    case 'tasks': return !key ? { is: 'today' } : type ? { is: 'act', key, type, instead } : { is: 'task', key }
    case 'report': return { is: 'report', instead }
    case 'forms': return key && type ? { is: 'form', key, draft: type, place: Number(new URLSearchParams(query).get('place')) || null } : { is: 'forms' }
    case 'preview': return key && type ? { is: 'preview', key, version: type } : { is: 'forms' }
    case 'queue': return { is: 'queue' }
    case 'me': return { is: 'me' }
    default: return { is: 'today' }
  }
}
export const hash = ref(location.hash)
export const page = computed(() => parse(hash.value))

const scrolls = new Map<string, number>()
let back = false, forward = false
/** Where to stand on a page one comes back to; 0 on one that is new. */
export function scrollWanted(): number { return back ? (scrolls.get(hash.value) ?? 0) : 0 }
export function startRoute(): void {
  history.scrollRestoration = 'manual'
  document.addEventListener('click', (e) => { forward = e.target instanceof Element && e.target.closest('a[href^="#"]:not(.back)') !== null }, true)
  addEventListener('scroll', () => scrolls.set(hash.value, scrollY), { passive: true })
  addEventListener('hashchange', () => { back = !forward; forward = false; hash.value = location.hash })
}
export function go(to: string, o: { replace?: boolean } = {}): void {
  back = false
  forward = true
  if (!o.replace) { location.hash = to; return }
  history.replaceState(null, '', to)
  hash.value = to
}
