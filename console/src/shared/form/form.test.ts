import { expect, test } from 'vitest'
import { filled, findingsByField, type FormField } from './form'

const fields: FormField[] = [{ name: 'due', kind: 'day', label: 'column.due' }]
test('a finding stands at its field; others stand on top', () => {
  const { byField, rest } = findingsByField({ type: '/errors/x', title: '', status: 422, findings: [{ field: 'due', reason: 'past', message: 'too early' }, { field: 'other', reason: 'y' }] }, fields)
  expect(byField.get('due')).toBe('too early')
  expect(rest).toHaveLength(1)
})
test('a refusal by a rule stands at the field it speaks of', () => {
  expect(findingsByField({ type: '/errors/problems/too-early', title: 'Too early', status: 409 }, fields).byField.get('due')).toBe('Too early')
})
test('what was left open is not sent, zero is', () => expect(filled({ a: '', b: null, c: 0, d: [] })).toEqual({ c: 0, d: [] }))
