// How many different values occurred. Every window is a suffix of the tiles, so it is enough to
// know the newest tile of each value, and this operator has no tiles of its own. It is exact up to
// LIMITS.distinctExactMax values in a window. Beyond that, it is a sketch with a stated error.

import { LIMITS } from '../../limits.ts'
import { hash53 } from '../../model/hash.ts'
import type { Value } from '../../model/value.ts'
import type { Operator } from '../operator.ts'
import {
  countFrom,
  decodeValues,
  encodeValues,
  oldestFrom,
  type Values,
  valuesFrom,
  withoutFirst,
  withValue,
} from './distinct-values.ts'
import {
  decodeSketch,
  encodeSketch,
  type Sketch,
  STANDARD_ERROR,
  sketchAdd,
  sketchEstimate,
  sketchFrom,
  sketchOldest,
} from './sliding-hyperloglog.ts'

/**
 * The state of a user with too many values: the newest values, by (tile, hash), and a sketch of
 * all.
 */
interface Overflown {
  values: Values
  /**
   * Newest tile of a value that is missing from `values`. Windows that begin after it are exact.
   */
  evictedTile: number
  sketch: Sketch
  /** No tile of the sketch is older, so pruning again up to here costs nothing. Not stored. */
  prunedTo: number
}

type Distinct = Values | Overflown | null

export const distinct: Operator<Distinct> = {
  empty: () => null,
  add(state, value, _at, tile) {
    const hash = hashOf(value)
    if (hash === undefined) return state
    if (state === null) return [hash, tile]
    if (!Array.isArray(state)) {
      sketchAdd(state.sketch, hash, tile)
      state.prunedTo = Math.min(state.prunedTo, tile)
      state.values = withValue(state.values, hash, tile)
      if (state.values.length / 2 > LIMITS.distinctExactMax) {
        state.evictedTile = Math.max(state.evictedTile, withoutFirst(state.values))
      }
      return state
    }
    const values = withValue(state, hash, tile)
    if (values.length / 2 <= LIMITS.distinctExactMax) return values
    const sketch = sketchOf(values)
    return { values, evictedTile: withoutFirst(values), sketch, prunedTo: Number.NEGATIVE_INFINITY }
  },
  prune(state, firstTile) {
    if (state === null) return null
    if (Array.isArray(state)) return valuesFrom(state, firstTile)
    if (state.evictedTile < firstTile) return valuesFrom(state.values, firstTile)
    if (firstTile > state.prunedTo) {
      state.sketch = sketchFrom(state.sketch, firstTile)
      state.prunedTo = firstTile
    }
    return state
  },
  value(state, fromTile) {
    if (state === null) return 0
    const known = countFrom(valuesOf(state), fromTile)
    // The window holds more values than are listed, so the estimate never falls back to the exact
    // range.
    return isExact(state, fromTile) ? known : Math.max(known + 1, sketchEstimate(state.sketch, fromTile))
  },
  error: (state, fromTile) => (isExact(state, fromTile) ? undefined : STANDARD_ERROR),
  oldest(state, fromTile) {
    if (state === null) return undefined
    if (isExact(state, fromTile)) return oldestFrom(valuesOf(state), fromTile)
    // The value may also change if it turns exact again.
    return Math.min(sketchOldest(state.sketch, fromTile), state.evictedTile)
  },
  /** A value counts in the newest tile it was seen in; values beyond the list are in none. */
  tiles(state, fromTile) {
    const found = new Map<number, number>()
    const values = state === null ? [] : valuesOf(state)
    for (let at = 1; at < values.length; at += 2) {
      const tile = values[at]!
      if (tile >= fromTile) found.set(tile, (found.get(tile) ?? 0) + 1)
    }
    return [...found]
  },
  isEmpty: (state) => state === null,
  encode(state, to) {
    encodeValues(valuesOf(state!), to)
    if (Array.isArray(state)) {
      to.varint(0)
    } else {
      to.varint(1)
      to.signed(state!.evictedTile)
      encodeSketch(state!.sketch, to)
    }
  },
  decode(from) {
    const values = decodeValues(from)
    if (from.varint() === 0) return values
    const evictedTile = from.signed()
    return { values, evictedTile, sketch: decodeSketch(from), prunedTo: Number.NEGATIVE_INFINITY }
  },
}

/** Distances on the ring of hashes that keep the kinds of values apart. */
const NUMBER_SHIFT = 0x9_e377_9b97_f4a7
const BOOLEAN_SHIFT = 0x5_bf03_6359_a8b1

/** Strings, numbers and booleans count, each kind apart: 1, '1' and true are three values. */
function hashOf(value: Value): number | undefined {
  if (typeof value === 'string') return hash53(value)
  if (typeof value === 'number') return Number.isFinite(value) ? shifted(`${value}`, NUMBER_SHIFT) : undefined
  return typeof value === 'boolean' ? shifted(`${value}`, BOOLEAN_SHIFT) : undefined
}

function shifted(text: string, shift: number): number {
  return (hash53(text) + shift) % 2 ** 53
}

function valuesOf(state: Values | Overflown): Values {
  return Array.isArray(state) ? state : state.values
}

function isExact(state: Distinct, fromTile: number): state is Values | null {
  return state === null || Array.isArray(state) || state.evictedTile < fromTile
}

function sketchOf(values: Values): Sketch {
  const sketch: Sketch = []
  for (let at = 0; at < values.length; at += 2) sketchAdd(sketch, values[at]!, values[at + 1]!)
  return sketch
}
