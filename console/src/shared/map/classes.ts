// Five classes for a map: as equal in number as whole values allow. Missing is a class of its own, and zero is not missing.
import type { IndicatorValue } from '@/api/types'

export interface Class { step: number; from: number; to: number; count: number }
export interface Classes { steps: [id: number, step: number][]; missing: number[]; classes: Class[] }

export function classify(values: readonly IndicatorValue[], most = 5): Classes {
  const known = values.flatMap((v) => (v.value === null ? [] : [v.value])).sort((a, b) => a - b)
  const distinct = [...new Set(known)]
  // With few different values every value is its own class; otherwise cut at the quantiles, never inside a value.
  const starts: number[] = []
  if (distinct.length <= most) starts.push(...distinct)
  else for (let k = 0; k < most; k++) { const at = known[Math.floor((k * known.length) / most)]; if (at !== undefined && at !== starts.at(-1)) starts.push(at) }
  const spread = (i: number) => (starts.length === 1 ? 3 : 1 + Math.round((i * (most - 1)) / (starts.length - 1)))
  const classes: Class[] = starts.map((from, i) => {
    const inside = known.filter((v) => v >= from && (starts[i + 1] === undefined || v < (starts[i + 1] ?? 0)))
    return { step: spread(i), from, to: inside.at(-1) ?? from, count: inside.length }
  })
  const stepOf = (value: number) => [...classes].reverse().find((c) => value >= c.from)?.step ?? 1
  return {
    steps: values.flatMap((v) => (v.value === null ? [] : [[v.place.id, stepOf(v.value)] as [number, number]])),
    missing: values.filter((v) => v.value === null).map((v) => v.place.id),
    classes,
  }
}
