import { expect, test } from 'vitest'
import { filled, findingsByField, type FormField } from './form'

const fields: FormField[] = [{ name: 'due', kind: 'day', label: 'column.due' }]
test('a finding stands at its field; others stand on top', () => {
  const { byField, rest } = findingsByField({ type: '/errors/x', title: '', status: 422, findings: [{ field: 'due', reason: 'past', message: 'too early' }, { field: 'other', reason: 'y', message: 'why' }] }, fields)
  expect(byField.get('due')).toBe('too early')
  expect(rest).toHaveLength(1)
})
test('what the document says already is not said again', () => {
  const said = { type: '/errors/problems/too-early', title: 'Too early', detail: 'before today', status: 409, findings: [{ field: 'value', reason: 'too-early', message: 'before today' }] }
  expect(findingsByField(said, fields).rest).toHaveLength(0)
})
test('a name with a dot is sent inside what it belongs to, and a finding about it is put beside it', () => {
  expect(filled({ 'contact.name': 'A', 'contact.telephone': '', place: 3 })).toEqual({ contact: { name: 'A' }, place: 3 })
  const finding = { field: 'contact.telephone', reason: 'bad', message: 'bad' }
  expect(findingsByField({ type: '/errors/x', title: 'x', status: 422, findings: [finding] }, [{ name: 'contact.telephone', kind: 'text', label: 'column.text' }]).byField.get('contact.telephone')).toBe('bad')
})
test('what was left open is not sent, zero is', () => expect(filled({ a: '', b: null, c: 0, d: [] })).toEqual({ c: 0, d: [] }))
