import { expect, test } from 'vitest'
import { childLevel, opens, scopeOf } from './scope'

test('the level below', () => {
  expect(childLevel('county')).toBe('township')
  expect(childLevel('village')).toBe('village')
})
test('ids stand beside names along the path', () => {
  const scope = scopeOf({ key: '9', row: { within: [1, 5] }, place: { id: 9, code: '', name: 'C', level: 'village', path: ['A', 'B', 'C'] } })
  expect(scope?.path).toEqual([{ name: 'A', id: 1 }, { name: 'B', id: 5 }, { name: 'C', id: 9 }])
})
test('places above one\'s own are not opened', () => {
  const path = [{ id: 1 }, { id: 5 }, { id: 9 }]
  expect([0, 1, 2].map((i) => opens(path, i, 5))).toEqual([false, true, true])
})
