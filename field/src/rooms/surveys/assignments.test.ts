import { describe, expect, it, vi } from 'vitest'

vi.mock('@/session', () => ({ may: () => true, session: { value: { home: { id: 9 }, posts: [] } } }))
const { forVillage, inOrder, lineOf, waitingFor } = await import('./assignments')
import type { MyCampaign } from './assignments'

const campaign: MyCampaign = {
  campaign: 'c', title: '冬季走访', from: '2026-12-01', until: '2026-12-31', more: 0, closed_to_me: 0,
  form: { form: 'f', xml: '/api/forms/f/versions/1/xml', version: { file: 'h', head: { form_id: 'winter', title: '走访', version: '1', files: [] } } },
  villages: [{ place: { id: 1, name: '甲村' }, submissions: 1, last: '2026-12-02' }, { place: { id: 2, name: '乙村' }, submissions: 0, last: null }, { place: { id: 3, name: '丙村' }, submissions: 0, last: null }],
}

describe('assigned to me', () => {
  it('hands in for the village, not for the place of the post', () => {
    const line = lineOf(campaign)!
    expect(line.submit).toBe('/api/submissions?place=9')
    expect(forVillage(line, 2, '乙村')).toMatchObject({ key: 'f', submit: '/api/submissions?place=2', village: '乙村' })
    expect(lineOf({ ...campaign, form: null })).toBeNull()
  })
  it('has villages still to go to first, then what waits on the phone, then what is done', () => {
    const waiting = waitingFor([{ submission: { url: '/api/submissions?place=2', xml: '', files: [], form: 'f' } }, { submission: { url: '/api/submissions?place=3', xml: '', files: [], form: 'another' } }, {}])
    expect(inOrder(campaign, waiting).map((v) => [v.village.place.id, v.stand])).toEqual([[3, 'to_go'], [2, 'waits'], [1, 'visited']])
  })
})
