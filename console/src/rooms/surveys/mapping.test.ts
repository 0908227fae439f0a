import { describe, expect, it } from 'vitest'
import type { Mapping } from '@/generated/api'
import { answersIn, askedAnew, draftOf, figureOf, mappingOf, newRow } from './mapping'

const mapping: Mapping = {
  village: '/data/village', day: null, when: 'received',
  rows: [
    { from: '/data/toilets', to: { is: 'reading', figure: 'toilets', title: '能用的公厕', decimals: 1, yes: [] } },
    { from: '/data/has', to: { is: 'reading', figure: 'has', title: '有没有', decimals: 0, yes: ['yes', 'partly'] } },
    { from: '/data/households', to: { is: 'count', what: 'households_resident', method: 'counted' } },
    { from: '/data/state', to: { is: 'problem', field: 'toilet', yes: ['broken'], text: '/data/what', photo: null } },
  ],
}

describe('what answers become', () => {
  it('is the same after it went through the form on the page', () => {
    expect(mappingOf(draftOf(mapping))).toEqual(mapping)
    expect(mappingOf(draftOf(null))).toEqual({ village: null, day: null, when: 'approved', rows: [] })
  })
  it('takes the name of a question for a figure where it can be one', () => {
    expect(newRow({ path: '/data/a/Toilets_2', label: '公厕' })).toMatchObject({ from: '/data/a/Toilets_2', figure: 'toilets_2', title: '公厕' })
    expect(newRow({ path: '/data/公厕', label: null })).toMatchObject({ figure: '', title: '公厕' })
  })
  it('suggests anew when the question is exchanged, unless something was typed', () => {
    const questions = [{ path: '/data/toilets', label: '公厕' }, { path: '/data/lamps', label: '路灯' }, { path: '/data/树', label: null }]
    const suggested = newRow(questions[0])
    expect(askedAnew(suggested, '/data/lamps', questions)).toEqual({ from: '/data/lamps', figure: 'lamps', title: '路灯' })
    expect(askedAnew({ ...suggested, title: '能用的公厕' }, '/data/lamps', questions)).toEqual({ from: '/data/lamps', figure: 'lamps', title: '能用的公厕' })
    expect(askedAnew({ ...suggested, figure: 'mine' }, '/data/树', questions)).toEqual({ from: '/data/树', figure: 'mine', title: '树' })
    expect(askedAnew(newRow(), '/data/lamps', questions)).toEqual({ from: '/data/lamps', figure: 'lamps', title: '路灯' })
  })
  it('reads answers parted by commas of either script', () => {
    expect(answersIn(' yes, 是，partly、, ')).toEqual(['yes', '是', 'partly'])
  })
  it('shows the point', () => {
    expect([figureOf(35, 1), figureOf(3, 0), figureOf(-5, 2)]).toEqual(['3.5', '3', '-0.05'])
  })
})
