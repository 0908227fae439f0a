// Titles of forms by id. The list is asked for once, and again when an id turns up that it did not name; forms of places above come
// with what is offered at home. Where nobody tells a title, the id that stands in the form does.
import { shallowReactive } from 'vue'
import { get } from '@/api/client'
import type { RowsAnswer } from '@/api/types'
import type { FormRow, OfferedAnswer } from '@/generated/api'
import { can, session } from '@/session'

const titles = shallowReactive(new Map<string, string>())
const asked = new Set<string>()
let waiting: Promise<unknown> | null = null
async function listed(): Promise<void> {
  for (const row of (await get<RowsAnswer>('/api/rows/forms?sort=form_id&limit=200')).rows) titles.set(row.key, (row.row as unknown as FormRow).title)
}
async function offered(): Promise<void> {
  const home = session.value?.home
  if (!home || !can('surveys.submit')) return
  for (const one of (await get<OfferedAnswer>(`/api/places/${home.id}/forms`)).forms) titles.set(one.form, one.version.head.title)
}
export function formTitle(id: string, otherwise: string | null | undefined): string {
  const known = titles.get(id)
  if (known !== undefined) return known
  if (!asked.has(id)) {
    asked.add(id)
    waiting ??= Promise.allSettled([offered(), listed()]).finally(() => { waiting = null })
  }
  return otherwise || id.slice(0, 8)
}
