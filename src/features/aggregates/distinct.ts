// How many different values occurred. Every window is a suffix of the tiles, so it is enough to
// know the newest tile of each value, and this operator has no tiles of its own. It is exact up to
// LIMITS.distinctExactMax values in a window. Beyond that, it is a sketch with a stated error.

import { LIMITS } from '../../limits.ts'
import type { Reader, Writer } from '../../model/codec.ts'
import { hash53 } from '../../model/hash.ts'
import type { Value } from '../../model/value.ts'
import type { Operator } from '../operator.ts'
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

/** Hash and newest tile of each value in turn, in any order. */
type Values = number[]

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
      if (see(state.values, hash, tile)) {
        state.evictedTile = Math.max(state.evictedTile, evictOldest(state.values))
      }
      return state
    }
    if (!see(state, hash, tile) || state.length / 2 <= LIMITS.distinctExactMax) return state
    const sketch = sketchOf(state)
    return { values: state, evictedTile: evictOldest(state), sketch, prunedTo: Number.NEGATIVE_INFINITY }
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
    return [...found].sort(([a], [b]) => a - b)
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

/** Marks the value as seen in the tile; true if it was not listed and now is. */
function see(values: Values, hash: number, tile: number): boolean {
  let at = values.indexOf(hash)
  // A tile may look like a hash, but hashes stand only at even places.
  while (at % 2 === 1) at = values.indexOf(hash, at + 1)
  if (at === -1) {
    values.push(hash, tile)
    return true
  }
  if (tile > values[at + 1]!) values[at + 1] = tile
  return false
}

/** Takes the value with the smallest (tile, hash) off the list and returns its tile. */
function evictOldest(values: Values): number {
  let oldest = 0
  for (let at = 2; at < values.length; at += 2) {
    if (values[at + 1]! > values[oldest + 1]!) continue
    if (values[at + 1]! < values[oldest + 1]! || values[at]! < values[oldest]!) oldest = at
  }
  const tile = values.pop()!
  const hash = values.pop()!
  if (oldest === values.length) return tile
  const evicted = values[oldest + 1]!
  values[oldest] = hash
  values[oldest + 1] = tile
  return evicted
}

function sketchOf(values: Values): Sketch {
  const sketch: Sketch = []
  for (let at = 0; at < values.length; at += 2) sketchAdd(sketch, values[at]!, values[at + 1]!)
  return sketch
}

function countFrom(values: Values, fromTile: number): number {
  let count = 0
  for (let at = 1; at < values.length; at += 2) if (values[at]! >= fromTile) count += 1
  return count
}

function oldestFrom(values: Values, fromTile: number): number | undefined {
  let oldest: number | undefined
  for (let at = 1; at < values.length; at += 2) {
    const tile = values[at]!
    if (tile >= fromTile && (oldest === undefined || tile < oldest)) oldest = tile
  }
  return oldest
}

function valuesFrom(values: Values, firstTile: number): Values | null {
  const count = countFrom(values, firstTile)
  if (count === values.length / 2) return values
  if (count === 0) return null
  const kept: Values = []
  for (let at = 0; at < values.length; at += 2) {
    if (values[at + 1]! >= firstTile) kept.push(values[at]!, values[at + 1]!)
  }
  return kept.slice()
}

/** Tile by tile, hashes sorted: the same bytes in whatever order the values came. */
function encodeValues(values: Values, to: Writer): void {
  const places = placesInOrder(values)
  const tileAt = (index: number) => values[places[index]! + 1]
  let tiles = 0
  for (let index = 0; index < places.length; index++) if (tileAt(index) !== tileAt(index - 1)) tiles++
  to.varint(tiles)
  let before = 0
  for (let first = 0; first < places.length; ) {
    const tile = tileAt(first)!
    let end = first + 1
    while (end < places.length && tileAt(end) === tile) end++
    to.signed(tile - before)
    to.varint(end - first)
    for (let index = first; index < end; index++) to.hash(values[places[index]!]!)
    before = tile
    first = end
  }
}

/** Where the values stand in the list, by (tile, hash). */
function placesInOrder(values: Values): number[] {
  const places: number[] = []
  for (let at = 0; at < values.length; at += 2) places.push(at)
  if (places.length === 1) return places
  return places.sort((a, b) => values[a + 1]! - values[b + 1]! || values[a]! - values[b]!)
}

function decodeValues(from: Reader): Values {
  const values: Values = []
  let tile = 0
  for (let tiles = from.varint(); tiles > 0; tiles -= 1) {
    tile += from.signed()
    for (let hashes = from.varint(); hashes > 0; hashes -= 1) values.push(from.hash(), tile)
  }
  return values.slice()
}
