import { expect, test } from 'vitest'
import { exifSegment, readShot, upright, withSegment } from './exif'
import { exifFor } from './testJpeg'

const JFIF = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
const bare = Uint8Array.from([0xff, 0xd8, ...JFIF, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9])

test.each([true, false])('time and position are read (little-endian: %s)', (little) => {
  const s = exifFor({ little, taken: '2026:11:23 09:12:30', zone: '+08:00', lat: [30, 31, 19.56], lon: [119, 36, 4.68] })
  expect(readShot(s)).toEqual({ taken_ms: Date.parse('2026-11-23T09:12:30+08:00'), position: { lat_e7: 305221000, lon_e7: 1196013000 } })
})

test('south and west are negative; a missing part is null', () => {
  expect(readShot(exifFor({ lat: [1, 0, 0], lon: [2, 30, 0], south: true, west: true }))).toEqual({ taken_ms: null, position: { lat_e7: -10000000, lon_e7: -25000000 } })
  expect(readShot(exifFor({ taken: '0000:00:00 00:00:00' })).taken_ms).toBe(null)
})

test('the segment survives the way: found, put into another file, found again, same time and place, upright', () => {
  const s = exifFor({ taken: '2026:11:23 09:12:30', zone: '+08:00', lat: [30, 30, 0], lon: [119, 30, 0], orientation: 6 })
  const original = Uint8Array.from([0xff, 0xd8, ...JFIF, ...s, 0xff, 0xda, 0, 2, 9, 9, 0xff, 0xd9])
  const found = exifSegment(original)
  expect(found).toEqual(s)
  const smaller = withSegment(bare, upright(s))
  expect([...smaller.slice(0, 4)]).toEqual([0xff, 0xd8, 0xff, 0xe1])
  const again = exifSegment(smaller)
  expect(again && readShot(again)).toEqual(readShot(s))
  expect(again?.[10 + 8 + 2 + 8]).toBe(1) // orientation
  expect([...smaller.slice(2 + s.length)]).toEqual([...bare.slice(2)])
})

test('no EXIF, no JPEG, cut off in the middle: null, never an error', () => {
  expect(exifSegment(bare)).toBe(null)
  expect(exifSegment(Uint8Array.from([0x89, 0x50]))).toBe(null)
  const s = exifFor({ taken: '2026:11:23 09:12:30' })
  for (let n = 0; n < s.length; n += 7) expect(exifSegment(Uint8Array.from([0xff, 0xd8, ...s.slice(0, n)]))).toBe(null)
})

test('damaged bytes give nothing or a value, never an error', () => {
  let seed = 7
  const chance = (n: number): number => (seed = (seed * 48271) % 2147483647) % n
  for (let i = 0; i < 2000; i++) {
    const s = exifFor({ taken: '2026:11:23 09:12:30', lat: [30, 1, 1], lon: [119, 1, 1] })
    for (let k = 0; k < 4; k++) s[10 + chance(s.length - 10)] = chance(256)
    readShot(s)
    upright(s)
  }
})
