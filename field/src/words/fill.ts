export type Args = { [name: string]: string | number }

/** '{n} {n|row|rows}' with n = 2 gives '2 rows'. A name without a value stays visible, so that it is noticed. */
export function fill(text: string, args: Args = {}): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = args[name]
    if (value === undefined) return whole
    if (many === undefined) return String(value)
    return Number(value) === 1 ? (one ?? '') : many
  })
}
