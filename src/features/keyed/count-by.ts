// How many actions there were of each key, the most frequent first: `countBy`.
import type { Value } from '../../model/value.ts'
import type { Aggregate } from '../aggregate.ts'
import { countKey, forEachKey } from './key-counts.ts'

interface KeyCount {
  count: number
  /** By how much it may be too high. */
  surplus: number
}
type KeyCounts = ReadonlyMap<string, KeyCount>

/** @param top of how many keys it gives the counts */
export function countBy(top: number): Aggregate<KeyCounts> {
  return {
    add(state, value) {
      const key = keyOf(value)
      if (key !== undefined) countKey(state, key)
    },
    none: new Map(),
    withEarlier(total, numbers, start, end) {
      const merged = new Map(total)
      forEachKey(numbers, start, end, (key, count, surplus) => {
        const known = merged.get(key)
        merged.set(key, {
          count: count + (known?.count ?? 0),
          surplus: surplus + (known?.surplus ?? 0),
        })
      })
      return merged
    },
    value: (total) => Object.fromEntries(most(total, top).map(([key, { count }]) => [key, count])),
    error(total) {
      const shares = most(total, top).map(([, { count, surplus }]) => surplus / count)
      const largest = Math.max(0, ...shares)
      return largest > 0 ? largest : undefined
    },
  }
}

/** Ties are in the order of the keys. */
function most(counts: KeyCounts, top: number): [string, KeyCount][] {
  const sorted = [...counts].sort(
    ([key, { count }], [otherKey, { count: other }]) => other - count || (key < otherKey ? -1 : 1),
  )
  return sorted.slice(0, top)
}

/** Texts, numbers and truth values are keys; `__proto__` would be no member of an object. */
function keyOf(value: Value): string | undefined {
  if (typeof value === 'string') return value === '__proto__' ? undefined : value.toWellFormed()
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
