import { expect, test } from 'vitest'
import type { Bearer } from '@/api/types'
import { mainPosts, postsAt, worthShowing } from './board'

const bearer = (post: string, more: Partial<Bearer> = {}): Bearer => ({ post, person: null, name: null, stands_in: false, from: null, until: null, unsigned_since: null, ...more })

test('only levels from the county upwards have departments', () => {
  expect(postsAt(1, 'county').filter((p) => p.role === 'department').length).toBeGreaterThan(10)
  expect(postsAt(1, 'township').map((p) => p.role)).toEqual(['head', 'office', 'township'])
  expect(postsAt(1, 'village').map((p) => p.role)).toEqual(['head', 'office', 'village'])
})
test('a village answers by its committee, a township by its officials, a county by its office', () => {
  expect(mainPosts(1, 'village')[1]?.role).toBe('village')
  expect(mainPosts(1, 'township')[1]?.role).toBe('township')
  expect(mainPosts(1, 'county')[1]?.role).toBe('office')
})
test('a post that every place has is shown even where nobody holds it', () => {
  expect(worthShowing({ place: 1, role: 'head' }, 'township', bearer('1/head'))).toBe(true)
  expect(worthShowing({ place: 1, role: 'department', department: 'water' }, 'county', bearer('1/department/water'))).toBe(false)
  expect(worthShowing({ place: 1, role: 'department', department: 'water' }, 'county', bearer('1/department/water', { person: 'p', name: 'n' }))).toBe(true)
  expect(worthShowing({ place: 1, role: 'department', department: 'water' }, 'county', bearer('1/department/water', { unsigned_since: '2026-01-01' }))).toBe(true)
})
