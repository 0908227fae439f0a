import { expect, test } from 'vitest'
import type { TaskState } from '@/api/types'
import { isLate, partsDone, readTaskFilters, tasksQuery } from './task'

const part = (is: TaskState['is']) => ({ state: { is } as TaskState })
const due = (day: string, is: TaskState['is'] = 'open') => ({ set: { due: day }, state: { is } }) as Parameters<typeof isLate>[0]

test.each([['the day before', '2026-05-02', 'open', false], ['on its day', '2026-05-01', 'open', false], ['the day after', '2026-04-30', 'open', true], ['once it is claimed it waits for others', '2026-04-30', 'claimed', false]] as const)('late: %s', (_, day, state, late) => expect(isLate(due(day, state), '2026-05-01')).toBe(late))
test('parts that were withdrawn no longer count', () => expect(partsDone([part('verified'), part('open'), part('withdrawn')])).toEqual({ done: 1, of: 2 }))
test('only names that the server knows are passed on', () => expect(readTaskFilters({ year: '2026', rogue: '1', state: '' })).toEqual({ year: '2026' }))
test('a list of the place in view', () => expect(tasksQuery(3, { year: '2026' })).toBe('/api/rows/tasks?place=3&year=2026'))
test('a list of a post is not narrowed to the place in view', () => expect(tasksQuery(3, { post: '1/head' })).toBe('/api/rows/tasks?post=1%2Fhead'))
