// What is wanting, what works cost and what villagers said, as it is shown and asked for. Pure.
import { count } from '@/format/format'
import { figureOf } from '@/rooms/surveys/mapping'
import { AskedBy, type Asks, type Field, type FigureTold, type WorkTold } from '@/generated/api'
import type { CommandShape } from '@/shared/form/form'
import type { Args } from '@/words/fill'
import type { Key } from '@/words/words'

/** Words that a sentence is made of; figures are called as they were called when they were asked for. */
export interface Say { t: (key: Key, args?: Args) => string; word: (list: string, code: string) => string; figure: (code: string) => string }

/** What a class asks for, in words: 'sanitary toilets ≥ 95% of resident households'. */
export function asksInWords(asks: Asks, field: Field | undefined, say: Say): string {
  switch (asks.is) {
    case 'share': return say.t('planning.asks_share', { figure: say.figure(asks.figure), of: say.word('count', asks.of), percent: asks.percent })
    case 'at_least': return say.t('planning.asks_at_least', { figure: say.figure(asks.figure), value: asks.value })
    case 'at_most': return say.t('planning.asks_at_most', { figure: say.figure(asks.figure), value: asks.value })
    case 'no_open_problem': return say.t('planning.asks_no_open_problem', { field: field ? say.word('field', field) : '' })
  }
}
export const figureAsked = (asks: Asks): string | null => (asks.is === 'no_open_problem' ? null : asks.figure)
/** Figures that are asked for, each once. */
export const figuresAsked = (all: readonly { asks: Asks }[]): string[] => [...new Set(all.flatMap((one) => figureAsked(one.asks) ?? []))].sort()
/** A figure as it was told: whole ones with separators, others with their digits. */
export const figureTold = (told: FigureTold): string => (told.decimals === 0 ? count(told.value) : figureOf(told.value, told.decimals))
/** What should be there: at least so many, at most so many. */
export const shouldInWords = (asks: Asks, should: number | null): string => (should === null ? count(null) : `${asks.is === 'at_most' ? '≤' : '≥'} ${count(should)}`)

/** Kinds of works to choose from: those of the catalogue, and those that an answer names beyond it. */
export function worksToChoose(catalogue: readonly WorkTold[], named: readonly { work: string; name: string }[]): { code: string; name: string }[] {
  const all = new Map(catalogue.map((work) => [work.code, work.kind.name]))
  for (const one of named) if (!all.has(one.work)) all.set(one.work, one.name)
  return [...all].map(([code, name]) => ({ code, name })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** Where the marks of an axis stand: from 0 in round steps, the last at or beyond the most. */
export function ticks(most: number): number[] {
  if (most <= 0) return [0]
  const rough = most / 4, power = 10 ** Math.floor(Math.log10(rough)), step = ([1, 2, 2.5, 5, 10].find((n) => n * power >= rough) ?? 10) * power
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, n) => n * step)
}
/** Works that cost something, each with its range on a line of 100. */
export function costBars<W extends { cost_min_fen: number; cost_max_fen: number }>(works: readonly W[]): { marks: number[]; bars: { work: W; from: number; to: number }[] } {
  const dear = works.filter((work) => work.cost_max_fen > 0), marks = ticks(Math.max(0, ...dear.map((work) => work.cost_max_fen))), whole = marks[marks.length - 1] || 1
  const on = (fen: number) => Math.round((fen / whole) * 1000) / 10
  return { marks, bars: dear.map((work) => ({ work, from: on(work.cost_min_fen), to: on(work.cost_max_fen) })) }
}

/** What is asked for when villagers were asked about a work; `works` are to choose from where none is fixed. */
export function countShape(today: string, works?: readonly { code: string; name: string }[]): CommandShape {
  const where: CommandShape['fields'] = works ? [
    { name: 'place', kind: 'place', label: 'column.place', required: true, level: 'village' },
    { name: 'work', kind: 'choice', label: 'column.work', required: true, codes: works.map((w) => w.code), labels: Object.fromEntries(works.map((w) => [w.code, w.name])) },
  ] : []
  return { type: 'wishes.count', fields: [
    ...where,
    { name: 'asked', kind: 'number', label: 'column.asked', required: true, min: 1 },
    { name: 'in_favour', kind: 'number', label: 'column.in_favour', required: true, min: 0 },
    { name: 'on', kind: 'day', label: 'column.on', required: true, initial: today, latest: today },
    { name: 'how', kind: 'choice', label: 'column.how', required: true, list: 'asked_by', codes: AskedBy, help: 'wishes.again_help' },
    { name: 'photos', kind: 'photos', label: 'column.photos', help: 'wishes.photos_help' },
    { name: 'note', kind: 'area', label: 'column.note' },
  ] }
}
export const WITHDRAW: CommandShape = { type: 'wishes.withdraw', fields: [{ name: 'reason', kind: 'area', label: 'column.reason', required: true, help: 'wishes.withdraw_help' }], alert: true }
