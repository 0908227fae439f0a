import { expect, test } from 'vitest'
import { leaves, validity, withLeaf } from './ruleValue'

test('leaves and changing one', () => {
  const value = { by_field: { waste: { days: 7 } }, verify_days: 10 }
  expect(leaves(value).map((l) => `${l.path.join('.')}=${String(l.value)}`)).toEqual(['by_field.waste.days=7', 'verify_days=10'])
  expect(withLeaf(value, ['by_field', 'waste', 'days'], 5)).toEqual({ by_field: { waste: { days: 5 } }, verify_days: 10 })
  expect(value.by_field.waste.days).toBe(7)
})
test('a version holds until the next begins; the later recorded of one day wins', () => {
  const version = (from: string, reason: string) => ({ from, rule: 'r', value: 1, reason })
  const held = validity([version('2024-01-01', 'a'), version('2026-01-01', 'b'), version('2026-01-01', 'c'), version('2027-01-01', 'd')], '2026-06-01')
  expect(held.map((h) => [h.version.reason, h.until, h.now])).toEqual([['d', null, false], ['c', '2027-01-01', true], ['a', '2026-01-01', false]])
})
