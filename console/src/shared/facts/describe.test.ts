import { expect, test } from 'vitest'
import type { Change } from '@/api/types'
import { changesInWords, kindOf, saysInWords, valueInWords, type Wording } from './describe'
import { factsUnder } from './origin'

const WORDS: { [key: string]: string } = { 'column.state': 'State', 'column.due': 'Due', 'column.class': 'Class', 'column.field': 'Field', 'state.assigned': 'Assigned', 'state.claimed': 'Claimed', 'class.heritage': 'Heritage', 'field.waste': 'Waste', 'role.village': 'Village', 'count.hamlets': 'Hamlets', 'method.counted': 'Counted', 'column.on': 'On', 'column.value': 'Value', 'column.method': 'Method' }
const w: Wording = { word: (list, code) => WORDS[`${list}.${code}`] ?? code, has: (list, code) => `${list}.${code}` in WORDS, day: String, count: String, position: () => 'position', place: (id) => `#${id}`, none: 'none', yes: 'yes', no: 'no', photos: (n) => `${n} photos`, items: (n) => `${n} items`, comma: ', ', semicolon: '; ' }
const change = (field: string, before: Change['before'], after: Change['after']) => changesInWords([{ field, before, after }], w).map((c) => `${c.label}: ${c.before ?? '·'} → ${c.after}`)

test('the kind without its version', () => expect(kindOf({ kind: 'problem.fix_claimed@12' })).toBe('problem.fix_claimed'))
test('states are said by their word', () => expect(change('state', { is: 'assigned', post: { place: 1, role: 'village' }, due: '2026-01-01' }, { is: 'claimed' })).toEqual(['State: Assigned → Claimed']))
test('what a state newly knows is said too', () => expect(change('state', { is: 'reported' }, { is: 'assigned', post: { place: 1, role: 'village' }, due: '2026-01-01' })).toEqual(['State: reported → Assigned', 'post: · → #1 Village', 'Due: · → 2026-01-01']))
test('of a longer list only what is new', () => expect(change('photos', [{ file: 'a' }], [{ file: 'a' }, { file: 'b' }])).toEqual(['photos: · → 1 photos']))
test('codes of the programme become words', () => expect(change('class', null, 'heritage')).toEqual(['Class: · → Heritage']))
test('a first state says nothing that the fact does not say', () => expect(change('state', null, { is: 'assigned' })).toEqual([]))
test('a map of counts changes in its parts', () => expect(change('counts', { hamlets: { value: 7, on: '2024-04-01', method: 'counted' } }, { hamlets: { value: 5, on: '2026-04-01', method: 'counted' } })).toEqual(['Hamlets: Value 7; On 2024-04-01; Method Counted → Value 5; On 2026-04-01; Method Counted']))
test('nothing before and nothing after is no change', () => expect(change('withheld', null, null)).toEqual([]))
test('where a list only grew shorter, the fact says what it is about', () => {
  const told = (after: Change['after']) => saysInWords({ changed: [{ field: 'wishes', before: [{ on: '2026-01-01' }, { on: '2026-02-01' }], after }], body: { on: '2026-02-01', reason: 'counted twice' } }, w).map((c) => `${c.label}: ${c.after}`)
  expect(told([{ on: '2026-01-01' }])).toEqual(['On: 2026-02-01', 'reason: counted twice'])
  expect(told([])).toEqual(['On: 2026-02-01', 'reason: counted twice'])
  expect(told([{ on: '2026-01-01' }, { on: '2026-02-01' }, { on: '2026-03-01' }])).toEqual(['wishes: On 2026-03-01'])
})
test('a form has states of its own, and its digests stay out', () => {
  const v = (published_ms: number | null) => ({ file: 'f'.repeat(64), head: { form_id: 'visit', version: '2', title: 'Visit', md5: '0', encrypted: false, files: [{ name: 'a.csv', kind: 'data' }], file_questions: ['/data/photo'] }, published_ms, uploaded_by: null, uploaded_ms: 5 })
  const forms: Wording = { ...w, word: (list, code) => (list === 'form_state' ? `form ${code}` : w.word(list, code)), has: (list, code) => list === 'form_state' || w.has(list, code) }
  const told = (changed: Change[]) => saysInWords({ kind: 'form.published@1', changed, body: {} }, forms).map((c) => `${c.label}: ${c.before ?? '·'} → ${c.after}`)
  expect(told([{ field: 'versions', before: null, after: [v(null)] }])).toEqual(['versions: · → version 2; files a.csv'])
  expect(told([{ field: 'state', before: { is: 'draft' }, after: { is: 'open', since_ms: 9, version: '2' } }, { field: 'versions', before: [v(null)], after: [v(9)] }])).toEqual(['State: form draft → form open', 'version: · → 2'])
  const mapping = { when: 'received', rows: [{ from: '/data/a', to: { is: 'count' } }] }
  expect(told([{ field: 'mapped', before: { mapping, on: false, since_ms: 0, tried: null }, after: { mapping, on: true, since_ms: 7, tried: null } }])).toEqual(['mapping_on: · → yes'])
})
test('a rule as deep as a catalogue is not spelt out', () => {
  expect(valueInWords('versions', [{ reason: 'a', value: { by_field: { waste: { days: 7 } } } }], w)).toBe('reason a; Value by_field Waste days 7')
  expect(valueInWords('versions', [{ reason: 'a', value: { works: { lamps: { levels: [{ benefit: 1 }] } } } }], w)).toBe('reason a')
})
test('posts, photos and ids', () => {
  expect(valueInWords('post', { place: 3, role: 'village' }, w)).toBe('#3 Village')
  expect(valueInWords('photos', [{ file: 'a' }, { file: 'b' }], w)).toBe('2 photos')
  expect(valueInWords('problems', ['0192aaaa-0000-7000-8000-000000000000'], w)).toBe('1 items')
})
test('facts under a list forget paging and order', () => expect(factsUnder('/api/rows/problems?place=3&sort=due&limit=20&after=x')).toBe('/api/history/problems?place=3'))
