// Estimates how many different values occurred from a tile on, for any tile: a HyperLogLog whose
// registers remember, beside their rank, the newest tile it was seen in. Sketch: Chabchoub &
// Hebrail 2010, "Sliding HyperLogLog: Estimating cardinality in a data stream over a sliding
// window". Estimator: Ertl 2017, "New cardinality estimation algorithms for HyperLogLog sketches",
// algorithm 6, which needs no correction for small or large counts.
import type { Reader, Writer } from '../../model/codec.ts'

/**
 * One number per remembered (register, tile, rank), sorted. A register keeps a rank only while no
 * rank as high was seen in a tile as new, so its ranks fall as its tiles rise: the set is the same
 * in whatever order values came.
 */
export type Sketch = number[]

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

/** Adds a value by its hash (0 to 2^53 - 1). Changes `sketch`. */
export function sketchAdd(sketch: Sketch, hash: number, tile: number): void {
  const register = Math.floor(hash / 2 ** RANK_BITS)
  const entry = entryOf(register, tile, rankOf(hash % 2 ** RANK_BITS))
  const rank = entry % RANK_LIMIT
  // Tiles as new or newer stand after this place, and the first of them has the highest rank of
  // them.
  const at = firstNotBelow(sketch, entryOf(register, tile, 0))
  const next = sketch[at]
  if (next !== undefined && registerOf(next) === register && next % RANK_LIMIT >= rank) return
  // What this one outdoes: its own tile's lower rank, and older tiles whose rank is no higher.
  const end = next !== undefined && tileOf(next) === tile && registerOf(next) === register ? at + 1 : at
  let start = at
  while (
    start > 0 &&
    registerOf(sketch[start - 1]!) === register &&
    sketch[start - 1]! % RANK_LIMIT <= rank
  ) {
    start -= 1
  }
  sketch.splice(start, end - start, entry)
}

/** Forgets the tiles before `firstTile`. */
export function sketchFrom(sketch: Sketch, firstTile: number): Sketch {
  return sketch.filter((entry) => tileOf(entry) >= firstTile)
}

/** The oldest tile that is at least `fromTile`; Infinity for none. */
export function sketchOldest(sketch: Sketch, fromTile: number): number {
  let oldest = Number.POSITIVE_INFINITY
  for (const entry of sketch) {
    const tile = tileOf(entry)
    if (tile >= fromTile && tile < oldest) oldest = tile
  }
  return oldest
}

/** How many different values occurred in `fromTile` or later, about. */
export function sketchEstimate(sketch: Sketch, fromTile: number): number {
  const registersOfRank = new Array<number>(RANK_BITS + 2).fill(0)
  let seen = 0
  let previous = -1
  for (const entry of sketch) {
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

export function encodeSketch(sketch: Sketch, to: Writer): void {
  to.varint(sketch.length)
  let register = 0
  let tile = 0
  for (const entry of sketch) {
    to.varint(registerOf(entry) - register)
    to.signed(tileOf(entry) - tile)
    to.varint(entry % RANK_LIMIT)
    register = registerOf(entry)
    tile = tileOf(entry)
  }
}

export function decodeSketch(from: Reader): Sketch {
  let register = 0
  let tile = 0
  return Array.from({ length: from.varint() }, () => {
    register += from.varint()
    tile += from.signed()
    return entryOf(register, tile, from.varint())
  })
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

function firstNotBelow(sketch: Sketch, entry: number): number {
  let low = 0
  let high = sketch.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sketch[middle]! < entry) low = middle + 1
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
