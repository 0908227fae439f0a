// Makes EXIF segments for tests, in either byte order.
export function exifFor(o: { little?: boolean; taken?: string; zone?: string; lat?: [number, number, number]; lon?: [number, number, number]; south?: boolean; west?: boolean; orientation?: number }): Uint8Array {
  const little = o.little ?? true
  const tiff = new Uint8Array(400), v = new DataView(tiff.buffer)
  let free = 200
  const put = (text: string): [number, number] => { const at = free; for (const c of text + '\0') tiff[free++] = c.charCodeAt(0); free += free % 2; return [at, text.length + 1] }
  const rat = (values: number[]): [number, number] => { const at = free; for (const x of values) { v.setUint32(free, Math.round(x * 10000), little); v.setUint32(free + 4, 10000, little); free += 8 } return [at, values.length] }
  const ifd = (at: number, entries: [tag: number, type: number, count: number, value: number][], next = 0): void => {
    v.setUint16(at, entries.length, little)
    entries.forEach(([tag, type, count, value], i) => {
      const e = at + 2 + i * 12
      v.setUint16(e, tag, little); v.setUint16(e + 2, type, little); v.setUint32(e + 4, count, little)
      if (type === 3) v.setUint16(e + 8, value, little)
      else if (type === 2 && count <= 4) tiff[e + 8] = value
      else v.setUint32(e + 8, value, little)
    })
    v.setUint32(at + 2 + entries.length * 12, next, little)
  }
  v.setUint16(0, little ? 0x4949 : 0x4d4d); v.setUint16(2, 42, little); v.setUint32(4, 8, little)
  ifd(8, [[0x0112, 3, 1, o.orientation ?? 6], [0x8769, 4, 1, 60], [0x8825, 4, 1, 110]], 180)
  const exif: [number, number, number, number][] = []
  if (o.taken) { const [at, n] = put(o.taken); exif.push([0x9003, 2, n, at]) }
  if (o.zone) { const [at, n] = put(o.zone); exif.push([0x9011, 2, n, at]) }
  ifd(60, exif)
  const gps: [number, number, number, number][] = []
  if (o.lat && o.lon) {
    gps.push([1, 2, 2, (o.south ? 'S' : 'N').charCodeAt(0)], [2, 5, 3, rat(o.lat)[0]], [3, 2, 2, (o.west ? 'W' : 'E').charCodeAt(0)], [4, 5, 3, rat(o.lon)[0]])
  }
  ifd(110, gps)
  ifd(180, [])
  const out = new Uint8Array(10 + tiff.length)
  out.set([0xff, 0xe1, (tiff.length + 8) >> 8, (tiff.length + 8) & 255, 0x45, 0x78, 0x69, 0x66, 0, 0])
  out.set(tiff, 10)
  return out
}
