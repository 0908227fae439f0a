// A QR code as the server tells it, one bit a square, drawn as one path.
import type { QrBits } from '@/generated/api'

/** Dark squares as runs within each row, for the `d` of an SVG path whose unit is a square. */
export function qrPath({ width, bits }: QrBits): string {
  const dark = (at: number): boolean => ((parseInt(bits[at >> 2] ?? '0', 16) >> (3 - (at & 3))) & 1) === 1
  let path = ''
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      if (!dark(y * width + x)) continue
      const from = x
      while (x + 1 < width && dark(y * width + x + 1)) x++
      path += `M${from} ${y}h${x + 1 - from}v1h-${x + 1 - from}z`
    }
  }
  return path
}
