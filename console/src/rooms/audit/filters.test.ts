import { expect, test } from 'vitest'
import { byDay, readFilters, written } from './filters'

test('only what the audit knows is read out of an address, and written back the same', () => {
  const filters = readFilters({ q: 'chen', event: 'refused', 'day.from': '2026-11-01', outcome: '', other: 'x', place: ['1', '2'] })
  expect(filters).toEqual({ q: 'chen', event: 'refused', 'day.from': '2026-11-01' })
  expect(written(filters).toString()).toBe('q=chen&event=refused&day.from=2026-11-01')
})

test('days stand in order, with nothing left out of a day', () => {
  const groups = [{ keys: ['2026-11-23', 'done'], count: 4 }, { keys: ['2026-11-21', 'refused'], count: 2 }, { keys: ['2026-11-23', 'refused'], count: 1 }]
  expect(byDay(groups, 30)).toEqual({ labels: ['2026-11-21', '2026-11-23'], done: [0, 4], refused: [2, 1] })
  expect(byDay(groups, 1).labels).toEqual(['2026-11-23'])
})
