import { expect, test } from 'vitest'
import { qrPath } from './qr'

test('dark squares become runs, row by row', () => {
  // 110 / 001 / 111, then the bits that fill the last byte.
  expect(qrPath({ width: 3, bits: 'c780' })).toBe('M0 0h2v1h-2zM2 1h1v1h-1zM0 2h3v1h-3z')
  expect(qrPath({ width: 0, bits: '' })).toBe('')
})
