// How many different values occurred. Every window is a suffix of the tiles, so it is enough to
// know the newest tile of each value, and this operator has no tiles of its own. It is exact up to
// LIMITS.distinctExactMax values in a window. Beyond that, it is a sketch with a stated error.
//
// A state is the length of a list of values, and the list. If a user had too many values, it goes
// on with the newest tile of a value that is missing in the list, and a sketch of all values.
// Windows that begin after that tile are exact.

import { LIMITS } from '../../limits.ts'
import { hash53 } from '../../model/hash.ts'
import type { Value } from '../../model/value.ts'
import { Section } from '../../numbers/section.ts'
import type { Operator } from '../operator.ts'
import { addValue, firstFrom } from './distinct-values.ts'
import {
  STANDARD_ERROR,
  sketchAdd,
  sketchEstimate,
  sketchOldest,
  sketchPrune,
} from './sliding-hyperloglog.ts'

/** The list, and the sketch, of the state at hand. */
const list = new Section()
const sketch = new Section()

export const distinct: Operator = {
  add(state, value, _at, tile) {
    const hash = hashOf(value)
    if (hash === undefined) return
    if (state.length === 0) {
      state.insert(state.start, 1)
      state.numbers[state.start] = 0
    }
    if (isOverflown(state)) {
      sketchAdd(sketchOf(state), hash, tile)
      const evicted = addValue(listOf(state.again()), hash, tile, LIMITS.distinctExactMax)
      resized(state)
      if (evicted !== undefined) noteEvicted(state, evicted)
      return
    }
    addValue(listOf(state), hash, tile, LIMITS.distinctExactMax + 1)
    resized(state)
    if (list.length / 2 <= LIMITS.distinctExactMax) return
    overflow(state)
    const { numbers, start } = listOf(state)
    noteEvicted(state, numbers[start + 1]!)
    list.remove(start, 2)
    resized(state)
  },
  prune(state, firstTile) {
    if (state.length === 0) return
    const { numbers, start, end } = listOf(state)
    list.remove(start, firstFrom(numbers, start, end, firstTile) - start)
    resized(state)
    if (isOverflown(state)) {
      if (evictedTile(state) < firstTile) state.remove(list.end, state.end - list.end)
      else sketchPrune(sketchOf(state), firstTile)
    }
    state.again()
    if (state.length === 1) state.remove(state.start, 1)
  },
  value(state, fromTile) {
    if (state.length === 0) return 0
    const known = countFrom(state, fromTile)
    if (isExact(state, fromTile)) return known
    // The window holds more values than are listed, so the estimate never falls back to the exact
    // range.
    return Math.max(known + 1, sketchEstimate(sketchOf(state), fromTile))
  },
  error: (state, fromTile) => (isExact(state, fromTile) ? undefined : STANDARD_ERROR),
  oldest(state, fromTile) {
    if (state.length === 0) return undefined
    if (!isExact(state, fromTile)) {
      // The value may also change if it turns exact again.
      return Math.min(sketchOldest(sketchOf(state), fromTile), evictedTile(state))
    }
    const { numbers, start, end } = listOf(state)
    const first = firstFrom(numbers, start, end, fromTile)
    return first === end ? undefined : numbers[first + 1]
  },
  /** A value counts in the newest tile it was seen in; values beyond the list are in none. */
  tiles(state, fromTile) {
    const found = new Map<number, number>()
    if (state.length === 0) return []
    const { numbers, start, end } = listOf(state)
    for (let at = firstFrom(numbers, start, end, fromTile); at < end; at += 2) {
      const tile = numbers[at + 1]!
      found.set(tile, (found.get(tile) ?? 0) + 1)
    }
    return [...found]
  },
}

function listOf(state: Section): Section {
  const first = state.start + 1
  return list.within(state, first, first + state.numbers[state.start]!)
}

/** Notes the new length of the list, and looks at the state again. */
function resized(state: Section): void {
  state.again()
  state.numbers[state.start] = list.length
}

function isOverflown(state: Section): boolean {
  return state.length > 1 + state.numbers[state.start]!
}

function sketchOf(state: Section): Section {
  return sketch.within(state, listOf(state).end + 1, state.end)
}

/** The newest tile of a value that is missing in the list follows the list. */
function noteEvicted(state: Section, tile: number): void {
  const { numbers, end } = listOf(state)
  numbers[end] = Math.max(numbers[end]!, tile)
}

function evictedTile(state: Section): number {
  return state.numbers[listOf(state).end]!
}

function isExact(state: Section, fromTile: number): boolean {
  return state.length === 0 || !isOverflown(state) || evictedTile(state) < fromTile
}

function countFrom(state: Section, fromTile: number): number {
  const { numbers, start, end } = listOf(state)
  return (end - firstFrom(numbers, start, end, fromTile)) / 2
}

/** Begins a sketch of what is listed. */
function overflow(state: Section): void {
  const { start, end } = listOf(state)
  state.insert(end, 1)
  state.numbers[end] = Number.NEGATIVE_INFINITY
  for (let at = start; at < end; at += 2) {
    const { numbers } = state.again()
    sketchAdd(sketchOf(state), numbers[at]!, numbers[at + 1]!)
  }
  state.again()
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
