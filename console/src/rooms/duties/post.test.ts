import { describe, expect, test } from 'vitest'
import type { Handover, Holding } from '@/api/types'
import { bearerOn, handoverState, timeLine, unsignedOf } from './post'

const held = (id: string, from: string, until: string | null = null, more: Partial<Holding> = {}): Holding => ({ id, person: `p-${id}`, from, until, document: null, left: null, stands_in_for: null, withdrawn: null, ...more })
const signature = { person: 'p', on_ms: 0, in_absence: null, remark: null }
const statement = (holding: string, more: Partial<Handover> = {}): Handover => ({ holding, on: '2026-03-01', statement: `s-${holding}`, counts: {}, drawn_up_ms: 0, outgoing: null, incoming: null, ...more })
const post = { place: 1, role: 'township' as const }

describe('whom a duty lies with', () => {
  const first = held('a', '2025-01-01', '2026-03-01'), next = held('b', '2026-03-05')
  const leave = held('c', '2025-07-01', '2025-07-10', { stands_in_for: 'a' })
  const never = held('d', '2024-01-01', null, { withdrawn: 'by mistake' })
  const holdings = [first, leave, next, never]
  test.each([
    ['before anybody came', '2024-12-31', null], ['on the first day', '2025-01-01', 'a'], ['during leave the stand-in', '2025-07-10', 'c'],
    ['after leave the holder again', '2025-07-11', 'a'], ['on the last day', '2026-03-01', 'a'], ['between two holders nobody', '2026-03-03', null], ['then the next', '2026-03-05', 'b'],
  ])('%s', (_, day, id) => expect(bearerOn({ holdings }, day)?.id ?? null).toBe(id))
  test('of two who hold it the longest there', () => expect(bearerOn({ holdings: [held('late', '2026-02-01'), held('early', '2025-02-01')] }, '2026-05-01')?.id).toBe('early'))
})

describe('what is not handed over yet', () => {
  const gone = held('a', '2025-01-01', '2026-03-01'), here = held('b', '2026-03-02')
  test.each([
    ['an ending without a statement', [], ['a']],
    ['a statement that one side signed', [statement('a', { outgoing: signature })], ['a']],
    ['a statement that both signed', [statement('a', { outgoing: signature, incoming: signature })], []],
  ])('%s', (_, handovers, owed) => expect(unsignedOf({ post, holdings: [gone, here], handovers }).map((h) => h.id)).toEqual(owed))
  test('an inspector hands nothing over', () => expect(unsignedOf({ post: { place: 1, role: 'inspector' }, holdings: [gone], handovers: [] })).toEqual([]))
  test.each([[null, 'not_drawn_up'], [statement('a'), 'unsigned'], [statement('a', { incoming: signature }), 'half_signed'], [statement('a', { incoming: signature, outgoing: signature }), 'signed']] as const)('its state in a word (%#)', (h, state) => expect(handoverState(h)).toBe(state))
})

describe('the time line of a post', () => {
  test('nobody ever held it', () => expect(timeLine([], '2026-05-01')).toBeNull())
  test('pieces follow each other and end today', () => {
    const line = timeLine([held('b', '2026-01-06'), held('a', '2026-01-01', '2026-01-05'), held('x', '2025-01-01', null, { withdrawn: 'by mistake' })], '2026-01-10')
    expect(line).toMatchObject({ from: '2026-01-01', to: '2026-01-10' })
    expect(line?.pieces.map((p) => [p.id, p.left, p.width])).toEqual([['a', 0, 50], ['b', 50, 50]])
  })
  test('a last day that is known ahead lengthens it', () => expect(timeLine([held('a', '2026-01-01', '2026-02-01')], '2026-01-10')?.to).toBe('2026-02-01'))
})
