import { describe, expect, it } from 'vitest'
import { address, assigneeInWords, briefPage, fill, percent, submissionsPage, visitors } from './campaign'

describe('coverage', () => {
  it('draws a bar that is never longer than its line', () => {
    expect([percent(1, 3), percent(0, 0), percent(5, 4), percent(3, 3)]).toEqual([33, 0, 100, 100])
  })
  it('opens the submissions of a number', () => {
    expect(submissionsPage('/api/rows/submissions?place=1&form=a&received_on.from=2026-11-01')).toBe('/submissions?place=1&form=a&received_on.from=2026-11-01')
  })
  it('opens the brief of several villages', () => expect(briefPage([3, 5])).toBe('/brief?place=3&place=5'))
  it('leaves out what is empty', () => {
    expect([address('/api/coverage', { form: '', since: '2026-11-01', place: 7 }), address('/api/burden', { show: null })]).toEqual(['/api/coverage?since=2026-11-01&place=7', '/api/burden'])
  })
  it('says who goes and who went', () => {
    const role = () => '镇干部'
    expect(assigneeInWords({ to: { is: 'post', post: { place: 1, role: 'township' } }, name: '云岭镇', at: 1 }, role)).toBe('云岭镇 镇干部')
    expect(assigneeInWords({ to: { is: 'person', person: 'a' }, name: '陆某', at: 1 }, role)).toBe('陆某')
    expect(assigneeInWords(null, role)).toBe('')
    expect(visitors([{ account: 'a', name: '甲', submissions: 2 }, { account: 'b', name: '甲', submissions: 1 }, { account: null, name: null, submissions: 1 }], '导入', '、')).toBe('甲、导入')
  })
})

describe('burden', () => {
  it('is as full as the fuller of both', () => {
    expect(fill({ questions: 50, minutes: 90, questions_max: 100, minutes_max: 60 })).toBe(150)
    expect(fill({ questions: 50, minutes: 90, questions_max: null, minutes_max: null })).toBeNull()
  })
})
