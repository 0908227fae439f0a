// The EXIF part of a JPEG: found, read (time and position only), and carried over to a smaller JPEG. Pure, on bytes.
// JPEG: FF D8, then segments FF <marker> <length, 2 bytes, big-endian, counting itself> <data>. EXIF sits in APP1 (FF E1) as
// 'Exif\0\0' and a TIFF file (CIPA DC-008): byte order, 42, offset of IFD0; entries of 12 bytes: tag, type, count, value or offset.
import type { Position } from '@/api/types'

export interface Shot { taken_ms: number | null; position: Position | null }

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]
const HEAD = 10 // marker (2), length (2), 'Exif\0\0' (6): here the TIFF part begins

/** The whole APP1 segment with EXIF, marker included; null where there is none. */
export function exifSegment(jpeg: Uint8Array): Uint8Array | null {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return null
  let at = 2
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1] ?? 0
    if (marker === 0xda || marker === 0xd9) return null // the picture itself begins, or the file ends
    const length = ((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0)
    if (length < 2 || at + 2 + length > jpeg.length) return null
    if (marker === 0xe1 && length > 16 && EXIF.every((b, i) => jpeg[at + 4 + i] === b)) return jpeg.slice(at, at + 2 + length)
    at += 2 + length
  }
  return null
}

/** The smaller JPEG with this segment right behind its start. */
export function withSegment(jpeg: Uint8Array, segment: Uint8Array): Uint8Array {
  const out = new Uint8Array(jpeg.length + segment.length)
  out.set(jpeg.subarray(0, 2))
  out.set(segment, 2)
  out.set(jpeg.subarray(2), 2 + segment.length)
  return out
}

/** A reader of the TIFF part: entries of an IFD by tag. Offsets that lead outside give nothing. */
function tiff(segment: Uint8Array) {
  const view = new DataView(segment.buffer, segment.byteOffset + HEAD, segment.length - HEAD)
  const little = view.getUint16(0) === 0x4949
  const inside = (at: number, bytes: number): boolean => at >= 0 && at + bytes <= view.byteLength
  const u16 = (at: number): number => (inside(at, 2) ? view.getUint16(at, little) : 0)
  const u32 = (at: number): number => (inside(at, 4) ? view.getUint32(at, little) : 0)
  function entries(ifd: number): Map<number, { at: number; type: number; count: number }> {
    const out = new Map<number, { at: number; type: number; count: number }>()
    if (ifd < 8 || !inside(ifd, 2)) return out
    for (let i = 0, n = u16(ifd); i < n && inside(ifd + 2 + i * 12, 12); i++) {
      const at = ifd + 2 + i * 12
      out.set(u16(at), { at: at + 8, type: u16(at + 2), count: u32(at + 4) })
    }
    return out
  }
  function text(e: { at: number; count: number } | undefined): string {
    if (!e || e.count > 64) return ''
    const from = e.count <= 4 ? e.at : u32(e.at)
    if (!inside(from, e.count)) return ''
    return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + from, e.count)).replace(/\0.*$/, '')
  }
  function rationals(e: { at: number; count: number } | undefined): number[] {
    if (!e || e.count > 3) return []
    const from = u32(e.at)
    return inside(from, e.count * 8) ? Array.from({ length: e.count }, (_, i) => u32(from + i * 8) / u32(from + i * 8 + 4)) : []
  }
  return { view, little, u16, u32, entries, text, rationals, ifd0: u32(4) }
}

const ORIENTATION = 0x0112, EXIF_IFD = 0x8769, GPS_IFD = 0x8825, TAKEN = 0x9003, TAKEN_OFFSET = 0x9011

/** When and where. A time without a zone (most cameras) is read in the zone of the phone. */
export function readShot(segment: Uint8Array): Shot {
  const file = tiff(segment)
  const main = file.entries(file.ifd0)
  const ifdAt = (tag: number): ReturnType<typeof file.entries> => { const e = main.get(tag); return e ? file.entries(file.u32(e.at)) : new Map() }
  const exif = ifdAt(EXIF_IFD), gps = ifdAt(GPS_IFD)
  const time = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(file.text(exif.get(TAKEN)))
  const zone = /^[+-]\d\d:\d\d$/.exec(file.text(exif.get(TAKEN_OFFSET)))?.[0] ?? ''
  const taken = time ? Date.parse(`${time[1]}-${time[2]}-${time[3]}T${time[4]}${zone}`) : NaN
  const degrees = (value: number, ref: number, negative: string): number => {
    const [d = NaN, m = 0, s = 0] = file.rationals(gps.get(value))
    return Math.round((d + m / 60 + s / 3600) * 1e7) * (file.text(gps.get(ref)) === negative ? -1 : 1)
  }
  const lat_e7 = degrees(2, 1, 'S'), lon_e7 = degrees(4, 3, 'W')
  const placed = Math.abs(lat_e7) <= 9e8 && Math.abs(lon_e7) <= 18e8 && (lat_e7 !== 0 || lon_e7 !== 0)
  return { taken_ms: Number.isNaN(taken) ? null : taken, position: placed ? { lon_e7, lat_e7 } : null }
}

/** For a picture whose pixels have been turned upright: says so, and unlinks the camera's own small picture, which was not turned. */
export function upright(segment: Uint8Array): Uint8Array {
  const out = segment.slice()
  const file = tiff(out)
  const turn = file.entries(file.ifd0).get(ORIENTATION)
  if (turn) file.view.setUint16(turn.at, 1, file.little)
  const next = file.ifd0 + 2 + file.u16(file.ifd0) * 12
  if (file.ifd0 >= 8 && next + 4 <= file.view.byteLength) file.view.setUint32(next, 0, file.little)
  return out
}
