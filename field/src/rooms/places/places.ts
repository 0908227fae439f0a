// The villages within one's posts, kept on the phone so that one can be chosen without network.
import { shallowRef } from 'vue'
import { ask } from '@/api/client'
import type { PlaceRow, PlaceRows, Position } from '@/api/types'
import { metres } from '@/format/format'
import { session } from '@/session'
import { keep, recall } from '@/store/kept'

export interface Village { id: number; name: string; township: string; township_id: number | null; position: Position | null }
const KEPT = 'villages', PAGE = 200, MAX = 1000, FRESH_MS = 3 * 86_400_000

/** Known here. `whole`: all within one's posts, so that a search needs no server. */
export const villages = shallowRef<{ list: Village[]; whole: boolean }>({ list: [], whole: false })

export function villageOf(r: PlaceRow): Village | null {
  if (!r.place || r.place.level !== 'village') return null
  const within = r.row.within ?? []
  return { id: r.place.id, name: r.place.name, township: r.place.path?.[r.place.path.length - 2] ?? '', township_id: within[within.length - 1] ?? null, position: r.row.position ?? null }
}

let under: Promise<void> | null = null
export function loadVillages(): Promise<void> { return (under ??= load().finally(() => { under = null })) }
async function load(): Promise<void> {
  const before = await recall<{ account: string; list: Village[]; whole: boolean }>(KEPT)
  const who = session.value
  if (!who) return
  if (before?.value.account === who.account.id) {
    villages.value = before.value
    if (Date.now() - before.at_ms < FRESH_MS && before.value.list.length > 0) return
  }
  const found = new Map<number, Village>()
  let whole = true
  for (const { id } of new Map(who.posts.map((p) => [p.place.id, p.place])).values()) {
    let after: string | null = ''
    while (after !== null && found.size < MAX) {
      const answer: Awaited<ReturnType<typeof ask<PlaceRows>>> = await ask<PlaceRows>(`/api/rows/places?place=${id}&level=village&limit=${PAGE}${after && `&after=${encodeURIComponent(after)}`}`)
      if (answer.is !== 'ok') return
      for (const v of answer.value.rows.map(villageOf)) if (v) found.set(v.id, v)
      after = answer.value.next
    }
    if (after !== null) whole = false
  }
  villages.value = { list: [...found.values()], whole }
  await keep(KEPT, { account: who.account.id, ...villages.value })
}

/** On the server, where there are more than the phone keeps. */
export async function searchVillages(words: string): Promise<Village[] | null> {
  const answer = await ask<PlaceRows>(`/api/rows/places?level=village&limit=50&q=${encodeURIComponent(words)}`)
  return answer.is === 'ok' ? answer.value.rows.map(villageOf).filter((v): v is Village => v !== null) : null
}
/** Those whose name or township holds the words; near ones first where the position is known. */
export function choose(list: readonly Village[], words: string, near: Position | null): (Village & { distance_m: number | null })[] {
  const w = words.trim().toLowerCase()
  const out = list.filter((v) => w === '' || v.name.toLowerCase().includes(w) || v.township.toLowerCase().includes(w))
    .map((v) => ({ ...v, distance_m: near && v.position ? metres(near, v.position) : null }))
  return near ? out.sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity)) : out
}
