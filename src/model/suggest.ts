// Hints: the nearest of the allowed names, by edit distance.

/** The allowed name that the given one most likely means; undefined if none is near. */
export function nearest(given: string, allowed: Iterable<string>): string | undefined {
  const wanted = given.toLowerCase()
  if (wanted.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const name of allowed) {
    const distance = editDistance(wanted, name.toLowerCase())
    if (distance < bestDistance && distance < name.length) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** "Did you mean …?" if one is near, otherwise the list. */
export function suggest(given: string, allowed: readonly string[]): string {
  const name = nearest(given, allowed)
  return name === undefined ? `Allowed: ${allowed.join(', ')}.` : `Did you mean \`${name}\`?`
}

/**
 * Insertions, deletions, replacements and swaps of neighbours, each counted once (optimal string
 * alignment).
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1)
      }
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
