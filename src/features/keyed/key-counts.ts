// How many actions there were of each key. It is exact up to MAX_KEYS keys in a state. Beyond, the
// key with the lowest count gives its place and its count to a new one, so that frequent keys are
// never missed and no count is too low. Metwally, Agrawal & El Abbadi 2005, "Efficient computation
// of frequent and top-k elements in data streams" (Space-Saving).
//
// A state is a list of entries, ordered by key: the count, by how much it may be too high, the bytes
// of the key, and the key.
import type { Numbers, Section } from '../../numbers/section.ts'
import { putText, textAt, textBytes, textNumbers } from '../../numbers/text.ts'

/** Keys of one state; together they fit the length of a tile's state. */
export const MAX_KEYS = 64
/** Bytes of a key in UTF-8; a longer one is no key. */
export const KEY_BYTES_MAX = 72

const HEAD = 3
const COUNT = 0
const SURPLUS = 1
const BYTES = 2

/** The key at hand, as a state has it. */
const wanted: number[] = []

/** Counts one action of the key. */
export function countKey(state: Section, key: string): void {
  const bytes = textBytes(key)
  if (bytes > KEY_BYTES_MAX) return
  putText(key, wanted, 0)
  const { numbers, start, end } = state
  let place = start
  let keys = 0
  for (; place < end; place = next(numbers, place), keys++) {
    const order = compare(numbers, place, bytes)
    if (order === 0) {
      numbers[place + COUNT]! += 1
      return
    }
    if (order > 0) break
  }
  for (let at = place; at < end; at = next(numbers, at)) keys++
  if (keys < MAX_KEYS) insert(state, place, bytes, 1, 0)
  else replaceLeast(state, place, bytes)
}

/** Calls back with each key, its count, and by how much that may be too high. */
export function forEachKey(
  numbers: Numbers,
  start: number,
  end: number,
  callback: (key: string, count: number, surplus: number) => void,
): void {
  for (let at = start; at < end; at = next(numbers, at)) {
    const key = textAt(numbers, at + HEAD, numbers[at + BYTES]!)
    callback(key, numbers[at + COUNT]!, numbers[at + SURPLUS]!)
  }
}

function replaceLeast(state: Section, place: number, bytes: number): void {
  const { numbers, start, end } = state
  let least = start
  for (let at = start; at < end; at = next(numbers, at)) {
    if (numbers[at + COUNT]! < numbers[least + COUNT]!) least = at
  }
  const count = numbers[least + COUNT]!
  const length = next(numbers, least) - least
  state.remove(least, length)
  insert(state, least < place ? place - length : place, bytes, count + 1, count)
}

function insert(state: Section, place: number, bytes: number, count: number, surplus: number): void {
  const length = textNumbers(bytes)
  state.insert(place, HEAD + length)
  const { numbers } = state
  numbers[place + COUNT] = count
  numbers[place + SURPLUS] = surplus
  numbers[place + BYTES] = bytes
  for (let at = 0; at < length; at++) numbers[place + HEAD + at] = wanted[at]!
}

function next(numbers: Numbers, at: number): number {
  return at + HEAD + textNumbers(numbers[at + BYTES]!)
}

/** Below 0 if the key at this place comes before the one at hand, 0 if it is the same. */
function compare(numbers: Numbers, at: number, bytes: number): number {
  const difference = numbers[at + BYTES]! - bytes
  if (difference !== 0) return difference
  const length = textNumbers(bytes)
  for (let index = 0; index < length; index++) {
    const order = numbers[at + HEAD + index]! - wanted[index]!
    if (order !== 0) return order
  }
  return 0
}
