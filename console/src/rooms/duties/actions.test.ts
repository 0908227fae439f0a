import { expect, test } from 'vitest'
import type { Holding } from '@/api/types'
import { postCommands } from './actions'
import type { PostOf } from './post'

const held = (id: string, from: string, until: string | null = null, more: Partial<Holding> = {}): Holding => ({ id, person: `p-${id}`, from, until, document: null, left: null, stands_in_for: null, withdrawn: null, ...more })
const post = (holdings: Holding[]): PostOf => ({ key: '1/township', post: { place: 1, role: 'township' }, duty: null, phone: null, holdings, handovers: [], people: {} })
const MAY = ['duties.take_up', 'duties.leave', 'duties.delegate', 'duties.withdraw', 'duties.describe', 'handovers.draw_up']
const naming = { holding: (h: Holding) => h.id }
const types = (holdings: Holding[], may = MAY) => postCommands(post(holdings), may, '2026-05-01', naming).map((s) => s.type)

test('whoever may nothing is offered nothing', () => expect(types([held('a', '2026-01-01')], [])).toEqual([]))
test('an empty post is taken up or described', () => expect(types([])).toEqual(['duties.take_up', 'duties.describe']))
test('a post that is held can be left and stood in for', () => expect(types([held('a', '2026-01-01')])).toEqual(['duties.take_up', 'duties.leave', 'duties.delegate', 'duties.describe', 'duties.withdraw']))
test('an ending that is not handed over comes first', () => expect(types([held('a', '2026-01-01', '2026-04-01'), held('b', '2026-04-02')])[0]).toBe('handovers.draw_up'))
test('what was withdrawn cannot be chosen', () => {
  const withdraw = postCommands(post([held('a', '2026-01-01'), held('x', '2025-01-01', null, { withdrawn: 'by mistake' })]), MAY, '2026-05-01', naming).find((s) => s.type === 'duties.withdraw')
  expect(withdraw?.fields[0]?.codes).toEqual(['a'])
})
