import { describe, expect, it } from 'vitest'
import type { Catalogue, Standards, WorkKind } from '@/generated/api'
import { draftOfStandards, draftOfWork, emptyLevel, emptyStandard, faultsOfStandards, faultsOfWork, fenOf, linesIn, standardsOf, typedAt, waitingFor, wholeOf, withoutWork, withWork, workOf, yuanTyped } from './draft'
import { asksInWords, costBars, countShape, figuresAsked, figureTold, shouldInWords, ticks, worksToChoose, type Say } from './planning'

const say: Say = { t: (key, args) => `${key} ${Object.values(args ?? {}).join(' ')}`, word: (list, code) => `${list}.${code}`, figure: (code) => (code === 'toilets_sanitary' ? '卫生厕所户数' : code) }
const toilet: WorkKind = {
  name: '户厕改造', field: 'toilet', unit: '户', difficulty: 2, load: 35, in_lines: false, after: { sewage_repair: 0 }, accepted_when: ['逐户看过，能冲水', '户主签字'],
  levels: [{ name: '三格式', cost_min_fen: 260_000, cost_max_fen: 420_050, upkeep_fen_per_year: 6_000, labour_hours: 6, benefit: 8 }],
}
const sewage: WorkKind = { ...toilet, name: '污水管网修复', field: 'sewage', unit: '处', after: {}, in_lines: true }
const catalogue: Catalogue = { works: { household_toilet: toilet, sewage_repair: sewage } }
const at = (faults: { at: string }[]) => faults.map((fault) => fault.at)

describe('what a class asks for', () => {
  it('reads as a sentence with the figure by its name', () => {
    expect(asksInWords({ is: 'share', figure: 'toilets_sanitary', of: 'households_resident', percent: 95 }, 'toilet', say)).toBe('planning.asks_share 卫生厕所户数 count.households_resident 95')
    expect(asksInWords({ is: 'at_most', figure: 'exposed_rubbish', value: 0 }, 'waste', say)).toBe('planning.asks_at_most exposed_rubbish 0')
    expect(asksInWords({ is: 'no_open_problem' }, 'road', say)).toBe('planning.asks_no_open_problem field.road')
  })
  it('names each figure once', () => {
    expect(figuresAsked([{ asks: { is: 'at_least', figure: 'b', value: 1 } }, { asks: { is: 'no_open_problem' } }, { asks: { is: 'at_most', figure: 'b', value: 1 } }, { asks: { is: 'at_most', figure: 'a', value: 1 } }])).toEqual(['a', 'b'])
  })
  it('shows a figure with its digits', () => expect([figureTold({ value: 35, decimals: 1, on: '2026-11-30', by: null }), figureTold({ value: 1323, decimals: 0, on: '2026-11-30', by: null })]).toEqual(['3.5', '1,323']))
  it('shows what should be there', () => expect([shouldInWords({ is: 'at_most', figure: 'a', value: 3 }, 3), shouldInWords({ is: 'at_least', figure: 'a', value: 1 }, 1575)]).toEqual(['≤ 3', '≥ 1,575']))
})

describe('works to choose from', () => {
  it('are those of the catalogue and those of the answer', () => {
    expect(worksToChoose([{ code: 'lamps', kind: { ...toilet, name: 'B' }, cost_fen: [] }], [{ work: 'lamps', name: 'other' }, { work: 'old', name: 'A' }])).toEqual([{ code: 'old', name: 'A' }, { code: 'lamps', name: 'B' }])
  })
})

describe('the drawing of costs', () => {
  it('has round marks from nothing to the most', () => {
    expect([ticks(0), ticks(100), ticks(73), ticks(401)]).toEqual([[0], [0, 25, 50, 75, 100], [0, 20, 40, 60, 80], [0, 200, 400, 600]])
  })
  it('leaves out what costs nothing', () => {
    const work = (name: string, cost_min_fen: number, cost_max_fen: number) => ({ name, cost_min_fen, cost_max_fen })
    const drawn = costBars([work('a', 50, 100), work('b', 0, 0), work('c', 10, 10)])
    expect(drawn.bars.map((bar) => [bar.work.name, bar.from, bar.to])).toEqual([['a', 50, 100], ['c', 10, 10]])
    expect(costBars([]).bars).toEqual([])
  })
})

describe('wishes', () => {
  it('asks for the village and the work only where none is fixed', () => {
    expect(countShape('2026-11-30').fields.map((f) => f.name)).toEqual(['asked', 'in_favour', 'on', 'how', 'photos', 'note'])
    expect(countShape('2026-11-30', [{ code: 'lamps', name: '路灯' }]).fields.slice(0, 2)).toMatchObject([{ name: 'place', level: 'village' }, { name: 'work', labels: { lamps: '路灯' } }])
    expect(countShape('2026-11-30').fields.find((f) => f.name === 'on')).toMatchObject({ latest: '2026-11-30' })
  })
})

describe('money as it is typed', () => {
  it('is yuan, kept as fen', () => {
    expect(['1200', '1,234.5', '0.07', ' 19.99 ', '１２，０００', '100000000'].map(fenOf)).toEqual([120_000, 123_450, 7, 1_999, 1_200_000, 10_000_000_000])
  })
  it('is refused where it is no amount', () => expect(['', '-1', '1.234', '1e3', 'x', '.5', '1.'].map(fenOf)).toEqual(Array(7).fill(null)))
  it('comes back as it was', () => {
    for (const fen of [0, 7, 10, 1_999, 123_450, 120_000, 10_000_000_000]) expect(fenOf(yuanTyped(fen))).toBe(fen)
    expect([yuanTyped(123_450), yuanTyped(120_000), yuanTyped(7)]).toEqual(['1234.50', '1200', '0.07'])
  })
  it('knows whole numbers and lines', () => {
    expect([wholeOf('5', 1, 5), wholeOf('6', 1, 5), wholeOf('', 0, 5), wholeOf('1.5', 0, 5), wholeOf(3, 0, 5)]).toEqual([5, null, null, null, 3])
    expect(linesIn(' a \n\n b')).toEqual(['a', 'b'])
  })
})

describe('a kind of work', () => {
  it('comes back as it was', () => expect(workOf(draftOfWork('household_toilet', toilet))).toEqual(toilet))
  it('without faults has none', () => expect(faultsOfWork(draftOfWork('household_toilet', toilet), null)).toEqual([]))
  it('says at each field what is missing', () => {
    expect(at(faultsOfWork(draftOfWork('', null), []))).toEqual(['code', 'name', 'unit', 'difficulty', 'load', 'levels.0.name', 'levels.0.cost_min', 'levels.0.cost_max', 'levels.0.upkeep', 'levels.0.benefit'])
    expect(faultsOfWork({ ...draftOfWork('household_toilet', toilet) }, ['household_toilet'])).toEqual([{ at: 'code', says: 'catalogue.fault_taken' }])
  })
  it('may not cost more at least than at most, nor wait twice for the same', () => {
    const draft = draftOfWork('household_toilet', toilet)
    draft.levels.push({ ...emptyLevel(), name: 'b', cost_min: '20', cost_max: '10', upkeep: '0', benefit: '1' })
    draft.after.push({ work: 'sewage_repair', years: '11' })
    expect(at(faultsOfWork(draft, null))).toEqual(['levels.1.cost_max', 'after.1.work', 'after.1.years'])
  })
  it('is put into the catalogue and taken out of it with what waited for it', () => {
    expect(withWork(null, 'sewage_repair', sewage)).toEqual({ works: { sewage_repair: sewage } })
    expect(Object.keys(withWork(catalogue, 'lamps', sewage).works)).toEqual(['household_toilet', 'sewage_repair', 'lamps'])
    expect(withoutWork(catalogue, 'sewage_repair')).toEqual({ works: { household_toilet: { ...toilet, after: {} } } })
    expect(waitingFor(catalogue, 'sewage_repair')).toEqual(['户厕改造'])
    expect(catalogue.works['household_toilet']?.after).toEqual({ sewage_repair: 0 })
  })
})

describe('what is typed', () => {
  it('is looked up by the place of a fault', () => {
    const draft = draftOfWork('household_toilet', toilet)
    draft.levels.push(emptyLevel())
    expect(['name', 'levels.0.cost_min', 'levels.1.cost_min', 'levels.7.name', 'nowhere'].map((at) => typedAt(draft, at))).toEqual([true, true, false, false, false])
    expect([typedAt({ seen_by: [] }, 'seen_by'), typedAt({ seen_by: ['head'] }, 'seen_by')]).toEqual([false, true])
  })
})

describe('standards', () => {
  const standards: Standards = {
    by_class: { suburban: { household_toilet: { asks: { is: 'share', figure: 'toilets_sanitary', of: 'households_resident', percent: 100 }, level: 1 } }, relocate: {} },
    otherwise: { household_toilet: { asks: { is: 'at_least', figure: 'toilets', value: 3 }, level: 1 }, sewage_repair: { asks: { is: 'no_open_problem' }, level: 1 } },
    seen_by: ['inspector'], known_months: 18,
  }
  it('come back as they were, a class of which nothing is asked too', () => expect(standardsOf(draftOfStandards(standards))).toEqual(standards))
  it('without faults have none', () => expect(faultsOfStandards(draftOfStandards(standards), { household_toilet: 1, sewage_repair: 1 })).toEqual([]))
  it('begin with nothing decided', () => expect(at(faultsOfStandards(draftOfStandards(null), {}))).toEqual(['rows', 'seen_by', 'known_months']))
  it('say at each field what is wrong', () => {
    const draft = draftOfStandards(standards)
    draft.rows.push({ ...emptyStandard('household_toilet'), class: 'relocate', figure: 'Not a name', value: '101', level: '2' }, emptyStandard(''), { ...emptyStandard('sewage_repair'), is: 'no_open_problem' })
    expect(at(faultsOfStandards(draft, { household_toilet: 1, sewage_repair: 1 }))).toEqual(['3.class', '3.figure', '3.value', '3.level', '4.work', '4.figure', '4.value', '5.work'])
  })
})
