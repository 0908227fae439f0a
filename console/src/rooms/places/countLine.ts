// A denominator over time, as points of a small drawing. A fall below an earlier value is marked; it is never silent.
export interface Counted { what: string; value: number; on: string; method: string }
export interface LinePoint extends Counted { x: number; y: number; fell: number | null }

/** Points in a box of `width` × `height`, days to the right and values up from zero. `fell` is the earlier peak that the value lies below. */
export function countLine(counts: readonly Counted[], width: number, height: number): LinePoint[] {
  const list = [...counts].sort((a, b) => (a.on < b.on ? -1 : 1))
  const first = list[0], last = list.at(-1)
  if (!first || !last) return []
  const at = (day: string) => Date.parse(`${day}T00:00:00Z`)
  const span = at(last.on) - at(first.on) || 1, top = Math.max(...list.map((c) => c.value)) || 1
  let peak = -Infinity
  return list.map((c) => {
    const fell = c.value < peak ? peak : null
    peak = Math.max(peak, c.value)
    return { ...c, x: list.length === 1 ? width / 2 : ((at(c.on) - at(first.on)) / span) * width, y: height - (c.value / top) * height, fell }
  })
}
/** Values hold until the next count, so the line goes in steps. */
export function stepPath(points: readonly LinePoint[]): string {
  return points.map((p, i) => (i === 0 ? `M${round(p.x)} ${round(p.y)}` : `H${round(p.x)}V${round(p.y)}`)).join('')
}
const round = (n: number) => Math.round(n * 10) / 10
