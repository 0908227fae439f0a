// A small Mapbox Vector Tile writer (version 2) for the mock: points, lines and single-ring polygons, clipped to the tile and a margin.
const EXTENT = 4096, MARGIN = 200
const varint = (n) => { const out = []; while (n > 127) { out.push((n & 127) | 128); n = Math.floor(n / 128) } out.push(n); return out }
const field = (no, wire, bytes) => [...varint(no * 8 + wire), ...(wire === 2 ? varint(bytes.length) : []), ...bytes]
const zigzag = (n) => (n < 0 ? -2 * n - 1 : 2 * n)
export function project(z, x, y) {
  const n = 2 ** z
  return ([lon, lat]) => { const s = Math.sin((lat * Math.PI) / 180); return [((lon + 180) / 360 * n - x) * EXTENT, ((0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * n - y) * EXTENT] }
}
const inside = [(p) => p[0] >= -MARGIN, (p) => p[0] <= EXTENT + MARGIN, (p) => p[1] >= -MARGIN, (p) => p[1] <= EXTENT + MARGIN]
const at = [(a, b) => cut(a, b, 0, -MARGIN), (a, b) => cut(a, b, 0, EXTENT + MARGIN), (a, b) => cut(a, b, 1, -MARGIN), (a, b) => cut(a, b, 1, EXTENT + MARGIN)]
const cut = (a, b, axis, v) => { const t = (v - a[axis]) / (b[axis] - a[axis]); const p = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]; p[axis] = v; return p }
export function clipRing(ring) {
  let points = ring.slice(0, -1)
  for (let s = 0; s < 4 && points.length; s++) points = points.flatMap((p, i) => { const q = points[(i + 1) % points.length], a = inside[s](p), b = inside[s](q); return [...(a ? [p] : []), ...(a !== b ? [at[s](p, q)] : [])] })
  return points
}
export function clipLine(line) {
  const out = []
  let run = []
  for (let i = 0; i + 1 < line.length; i++) {
    let seg = [line[i], line[i + 1]]
    for (let s = 0; s < 4 && seg; s++) { const a = inside[s](seg[0]), b = inside[s](seg[1]); if (!a && !b) seg = null; else if (!a) seg = [at[s](seg[0], seg[1]), seg[1]]; else if (!b) seg = [seg[0], at[s](seg[0], seg[1])] }
    if (!seg) { if (run.length) out.push(run); run = []; continue }
    if (!run.length) run = [seg[0]]
    run.push(seg[1])
  }
  if (run.length) out.push(run)
  return out
}
const commands = (paths, close) => {
  const out = []; let cx = 0, cy = 0
  for (const path of paths) {
    const pts = path.map(([x, y]) => [Math.round(x), Math.round(y)])
    pts.forEach(([x, y], i) => { if (i === 0) out.push(9); else if (i === 1) out.push(((pts.length - 1) << 3) | 2); out.push(zigzag(x - cx), zigzag(y - cy)); cx = x; cy = y })
    if (close) out.push(15)
  }
  return out
}
const area = (pts) => pts.reduce((s, p, i) => { const q = pts[(i + 1) % pts.length]; return s + p[0] * q[1] - q[0] * p[1] }, 0)
/** features: [{type: 'point'|'line'|'polygon', paths, properties}] with paths in tile units */
export function layer(name, features) {
  const keys = [], values = [], body = []
  const index = (list, v) => { const i = list.indexOf(v); return i >= 0 ? i : list.push(v) - 1 }
  for (const f of features) {
    const tags = Object.entries(f.properties).filter(([, v]) => v !== null && v !== undefined).flatMap(([k, v]) => [index(keys, k), index(values, v)])
    const type = { point: 1, line: 2, polygon: 3 }[f.type]
    const paths = f.type === 'polygon' ? f.paths.map((r) => (area(r) < 0 ? [...r].reverse() : r)) : f.paths
    const geometry = commands(paths, f.type === 'polygon').flatMap(varint)
    body.push(...field(2, 2, [...field(2, 2, tags.flatMap(varint)), ...field(3, 0, varint(type)), ...field(4, 2, geometry)]))
  }
  const value = (v) => typeof v === 'string' ? field(1, 2, [...Buffer.from(v)]) : typeof v === 'boolean' ? field(7, 0, [v ? 1 : 0]) : Number.isInteger(v) && v >= 0 ? field(5, 0, varint(v)) : field(3, 1, [...Buffer.from(new Float64Array([v]).buffer)])
  return field(3, 2, [...field(15, 0, varint(2)), ...field(1, 2, [...Buffer.from(name)]), ...body, ...keys.flatMap((k) => field(3, 2, [...Buffer.from(k)])), ...values.flatMap((v) => field(4, 2, value(v))), ...field(5, 0, varint(EXTENT))])
}
