// The values that `distinct` lists: hash and newest tile of each in turn, by (tile, hash). So a
// window is the end of the list, and the list is the same in whatever order the values came.
import type { Reader, Writer } from '../../model/codec.ts'
import { inserted } from '../../model/lean-array.ts'

export type Values = number[]

/** The list after the value was seen in the tile: the same list, or a longer one if it was not in it. */
export function withValue(values: Values, hash: number, tile: number): Values {
  const known = placeOf(values, hash)
  if (known >= 0 && values[known + 1]! >= tile) return values
  const place = placeFor(values, hash, tile)
  if (known < 0) return inserted(values, place, [hash, tile])
  for (let at = known; at < place - 2; at++) values[at] = values[at + 2]!
  values[place - 2] = hash
  values[place - 1] = tile
  return values
}

/** Takes the first value off the list and returns its tile. */
export function withoutFirst(values: Values): number {
  const [, tile] = values.splice(0, 2)
  return tile!
}

/** How many values were seen in the tile or later. */
export function countFrom(values: Values, fromTile: number): number {
  return (values.length - firstFrom(values, fromTile)) / 2
}

/** The oldest tile that is at least `fromTile`. */
export function oldestFrom(values: Values, fromTile: number): number | undefined {
  return values[firstFrom(values, fromTile) + 1]
}

/** Without the values that were last seen before the tile; null if none is left. */
export function valuesFrom(values: Values, firstTile: number): Values | null {
  const first = firstFrom(values, firstTile)
  if (first === 0) return values
  return first === values.length ? null : values.slice(first)
}

/** Tile by tile. */
export function encodeValues(values: Values, to: Writer): void {
  let tiles = 0
  for (let at = 1; at < values.length; at += 2) if (values[at] !== values[at - 2]) tiles++
  to.varint(tiles)
  let before = 0
  for (let first = 0; first < values.length; ) {
    const tile = values[first + 1]!
    let end = first + 2
    while (values[end + 1] === tile) end += 2
    to.signed(tile - before)
    to.varint((end - first) / 2)
    for (; first < end; first += 2) to.hash(values[first]!)
    before = tile
  }
}

export function decodeValues(from: Reader): Values {
  const values: Values = []
  let tile = 0
  for (let tiles = from.varint(); tiles > 0; tiles -= 1) {
    tile += from.signed()
    for (let hashes = from.varint(); hashes > 0; hashes -= 1) values.push(from.hash(), tile)
  }
  return values.slice()
}

function placeOf(values: Values, hash: number): number {
  let at = values.indexOf(hash)
  // A tile may look like a hash, but hashes stand only at even places.
  while (at % 2 === 1) at = values.indexOf(hash, at + 1)
  return at
}

/** Place of the first value that was seen in the tile or later. */
function firstFrom(values: Values, tile: number): number {
  return placeFor(values, -1, tile)
}

/** Where a value of this hash and tile stands or would stand. */
function placeFor(values: Values, hash: number, tile: number): number {
  let low = 0
  let high = values.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    const [there, seen] = [values[2 * middle]!, values[2 * middle + 1]!]
    if (seen < tile || (seen === tile && there < hash)) low = middle + 1
    else high = middle
  }
  return 2 * low
}
