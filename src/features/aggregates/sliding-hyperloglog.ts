// Estimates how many different values occurred from a tile on, for any tile: a HyperLogLog whose
// registers remember, beside their rank, the newest tile it was seen in. Sketch: Chabchoub &
// Hebrail 2010, "Sliding HyperLogLog: Estimating cardinality in a data stream over a sliding
// window". Estimator: Ertl 2017, "New cardinality estimation algorithms for HyperLogLog sketches",
// algorithm 6, which needs no correction for small or large counts.
//
// A sketch is one number for each remembered (register, tile, rank), sorted. A register keeps a rank
// only while no rank as high was seen in a tile as new, so its ranks fall as its tiles rise: the set
// is the same in whatever order values came.
import type { Section } from '../../numbers/section.ts'

/** 1.04 / sqrt(4096): the standard error of an estimate, relative to it. */
export const STANDARD_ERROR = 0.01625

const REGISTERS = 4096
/**
 * A hash has 53 bits: 12 choose the register, the zeros that lead the other 41 make the rank, 1 to
 * 42.
 */
const RANK_BITS = 41
const RANK_LIMIT = 64
/** Tiles are shifted to be positive; a minute tile of the year 9999 is below 2^33. */
const TILE_SHIFT = 2 ** 33
const REGISTER_SPAN = 2 ** 34 * RANK_LIMIT

/** Adds a value by its hash (0 to 2^53 - 1). */
export function sketchAdd(sketch: Section, hash: number, tile: number): void {
  const { numbers, start, end } = sketch
  const register = Math.floor(hash / 2 ** RANK_BITS)
  const entry = entryOf(register, tile, rankOf(hash % 2 ** RANK_BITS))
  const rank = entry % RANK_LIMIT
  // Tiles as new or newer stand after this place, and the first of them has the highest rank of
  // them.
  const at = firstNotBelow(sketch, entryOf(register, tile, 0))
  const next = at < end ? numbers[at] : undefined
  if (next !== undefined && registerOf(next) === register && next % RANK_LIMIT >= rank) return
  // What this one outdoes: its own tile's lower rank, and older tiles whose rank is no higher.
  const after = next !== undefined && tileOf(next) === tile && registerOf(next) === register ? at + 1 : at
  let first = at
  while (
    first > start &&
    registerOf(numbers[first - 1]!) === register &&
    numbers[first - 1]! % RANK_LIMIT <= rank
  ) {
    first -= 1
  }
  if (first === after) sketch.insert(first, 1)
  else sketch.remove(first + 1, after - first - 1)
  sketch.numbers[first] = entry
}

/** Forgets the tiles before `firstTile`. */
export function sketchPrune(sketch: Section, firstTile: number): void {
  const { numbers, start, end } = sketch
  let kept = start
  for (let at = start; at < end; at++) {
    if (tileOf(numbers[at]!) >= firstTile) numbers[kept++] = numbers[at]!
  }
  sketch.remove(kept, end - kept)
}

/** The oldest tile that is at least `fromTile`; Infinity for none. */
export function sketchOldest({ numbers, start, end }: Section, fromTile: number): number {
  let oldest = Number.POSITIVE_INFINITY
  for (let at = start; at < end; at++) {
    const tile = tileOf(numbers[at]!)
    if (tile >= fromTile && tile < oldest) oldest = tile
  }
  return oldest
}

/** How many different values occurred in `fromTile` or later, about. */
export function sketchEstimate({ numbers, start, end }: Section, fromTile: number): number {
  const registersOfRank = new Array<number>(RANK_BITS + 2).fill(0)
  let seen = 0
  let previous = -1
  for (let at = start; at < end; at++) {
    const entry = numbers[at]!
    const register = registerOf(entry)
    if (register === previous || tileOf(entry) < fromTile) continue
    registersOfRank[entry % RANK_LIMIT]! += 1
    seen += 1
    previous = register
  }
  let z = REGISTERS * tau(1 - registersOfRank[RANK_BITS + 1]! / REGISTERS)
  for (let rank = RANK_BITS; rank >= 1; rank -= 1) z = (z + registersOfRank[rank]!) / 2
  z += REGISTERS * sigma(1 - seen / REGISTERS)
  return Math.round(REGISTERS ** 2 / (2 * Math.LN2 * z))
}

function entryOf(register: number, tile: number, rank: number): number {
  return register * REGISTER_SPAN + (tile + TILE_SHIFT) * RANK_LIMIT + rank
}

function registerOf(entry: number): number {
  return Math.floor(entry / REGISTER_SPAN)
}

function tileOf(entry: number): number {
  return Math.floor((entry % REGISTER_SPAN) / RANK_LIMIT) - TILE_SHIFT
}

/** Leading zeros among the 41 bits, and one. */
function rankOf(bits: number): number {
  const high = Math.floor(bits / 2 ** 32)
  return high > 0 ? Math.clz32(high) - (64 - RANK_BITS) + 1 : RANK_BITS - 32 + Math.clz32(bits) + 1
}

function firstNotBelow({ numbers, start, end }: Section, entry: number): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! < entry) low = middle + 1
    else high = middle
  }
  return low
}

/** Ertl 2017, algorithm 6: x + x^2 + 2 x^4 + 4 x^8 + … */
function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY
  let x = start
  let z = x
  for (let y = 1, before = Number.NaN; z !== before; y *= 2) {
    x *= x
    before = z
    z += x * y
  }
  return z
}

/** Ertl 2017, algorithm 6: the same for registers that reached the highest rank. */
function tau(start: number): number {
  if (start === 0 || start === 1) return 0
  let x = start
  let z = 1 - x
  for (let y = 0.5, before = Number.NaN; z !== before; y /= 2) {
    x = Math.sqrt(x)
    before = z
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
