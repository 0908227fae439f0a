// Filters of a list that live in the address: read, changed, and passed on to the server by the names that it knows. Words are
// taken over when somebody has stopped typing. For pages with one list.
import { computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useScope } from '@/scope'

export function useListFilters(view: string, names: readonly string[], sortedBy: string) {
  const route = useRoute(), router = useRouter(), scope = useScope()
  const value = (name: string) => (typeof route.query[name] === 'string' ? (route.query[name] as string) : '')
  function set(changed: { [name: string]: string }): void {
    const query = { ...route.query, ...changed }
    for (const name of names) if (!query[name]) delete query[name]
    void router.replace({ path: route.path, query })
  }
  const search = computed(() => {
    const q = new URLSearchParams()
    if (scope.id.value) q.set('place', String(scope.id.value))
    for (const name of names) if (value(name)) q.set(name, value(name))
    return q.toString()
  })
  const query = computed(() => `/api/rows/${view}?${search.value}`)
  const sort = computed(() => value('sort') || sortedBy)
  const words = ref(value('q'))
  let timer = 0
  watch(words, (now) => { clearTimeout(timer); timer = window.setTimeout(() => set({ q: now.trim() }), 300) })
  const given = computed(() => names.filter((name) => value(name)))
  return { route, router, scope, value, set, search, query, sort, words, given }
}
