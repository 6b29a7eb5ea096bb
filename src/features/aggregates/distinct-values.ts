// The values that `distinct` lists: hash and newest tile of each in turn, by (tile, hash). So a
// window is the end of the list, and the list is the same in whatever order the values came.
import type { Numbers, Section } from '../../numbers/section.ts'

/**
 * Adds a value that was seen in the tile to the list, which is the whole section. A list of `most`
 * values gets no longer: the first one goes, or the value itself if it would come before it.
 * @returns the tile of the value that went
 */
export function addValue(list: Section, hash: number, tile: number, most: number): number | undefined {
  const { numbers, start, end } = list
  const place = placeFor(numbers, start, end, hash, tile)
  if (place < end && numbers[place] === hash && numbers[place + 1] === tile) return undefined
  const newer = firstFrom(numbers, place, end, tile + 1)
  if (placeOf(numbers, newer, end, hash) >= 0) return undefined
  const known = placeOf(numbers, start, firstFrom(numbers, start, place, tile), hash)
  if (known < 0 && list.length < 2 * most) {
    list.insert(place, 2)
    write(list.numbers, place, hash, tile)
    return undefined
  }
  // One goes, and those after it move up.
  const gone = known < 0 ? start : known
  const wentTile = place === start ? tile : numbers[gone + 1]!
  if (place > gone) {
    for (let at = gone; at < place - 2; at++) numbers[at] = numbers[at + 2]!
    write(numbers, place - 2, hash, tile)
  }
  return known < 0 ? wentTile : undefined
}

function write(numbers: Numbers, place: number, hash: number, tile: number): void {
  numbers[place] = hash
  numbers[place + 1] = tile
}

/** Place of the first value that was seen in the tile or later; `end` for none. */
export function firstFrom(numbers: Numbers, start: number, end: number, tile: number): number {
  return placeFor(numbers, start, end, -1, tile)
}

/** Where the value stands; -1 if it does not. Several tiles are not in the order of the hashes. */
function placeOf(numbers: Numbers, start: number, end: number, hash: number): number {
  for (let at = start; at < end; at += 2) if (numbers[at] === hash) return at
  return -1
}

/** Where a value of this hash and tile stands or would stand. */
function placeFor(numbers: Numbers, start: number, end: number, hash: number, tile: number): number {
  let low = 0
  let high = (end - start) / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    const at = start + 2 * middle
    const seen = numbers[at + 1]!
    if (seen < tile || (seen === tile && numbers[at]! < hash)) low = middle + 1
    else high = middle
  }
  return start + 2 * low
}
