// UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then chance. Ids sort by time of making.
export function uuidv7(now_ms: number = Date.now(), chance: Uint8Array = crypto.getRandomValues(new Uint8Array(16))): string {
  const b = Uint8Array.from(chance)
  for (let i = 0; i < 6; i++) b[i] = Math.floor(now_ms / 2 ** (8 * (5 - i))) % 256
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x70
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(b, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
