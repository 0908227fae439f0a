import { expect, test } from 'vitest'
import { uuidv7 } from './uuid'

test('version, variant and time', () => {
  // RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC is 017F22E2-79B0 in the first 48 bits.
  const id = uuidv7(1645557742000, new Uint8Array(16).fill(255))
  expect(id).toBe('017f22e2-79b0-7fff-bfff-ffffffffffff')
})
test('later ids sort after earlier ones', () => expect(uuidv7(2) > uuidv7(1)).toBe(true))
