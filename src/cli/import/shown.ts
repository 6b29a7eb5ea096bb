// Numbers and lengths of time as people read them.

export function shown(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 row`, `1,200 rows`. */
export function amount(count: number, one: string): string {
  return `${shown(count)} ${one}${count === 1 ? '' : 's'}`
}

const UNITS = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** In the largest unit of which there are at least two. */
export function duration(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= 2 * one) ?? ['ms', 1]
  return `${shown(Math.floor(ms / size))} ${unit}`
}
