import { expect, test } from 'vitest'
import { isCatalogue, leaves, typedOver, validity, withLeaf } from './ruleValue'

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
test('a list is no field to type over, and the catalogue has a page of its own', () => {
  expect(leaves({ roles: ['a', 'b'], days: 7 }).map((l) => typedOver(l.value))).toEqual([false, true])
  expect(['planning.catalogue', 'planning.standards', 'problems.deadlines'].map(isCatalogue)).toEqual([true, true, false])
})
