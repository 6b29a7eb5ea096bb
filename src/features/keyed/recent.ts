// The newest different values, each with the instant it came last: `recent`.
//
// A state is a list of entries, oldest first: the instant, the kind of the value, the bytes of its
// text, and the text. It holds as many as are shown; an entry that fell out could only come back
// with a newer instant, so the list is the same in whatever order the actions came.
import { isoOf } from '../../model/instant.ts'
import type { Value } from '../../model/value.ts'
import type { Numbers, Section } from '../../numbers/section.ts'
import { putText, textAt, textBytes, textNumbers } from '../../numbers/text.ts'
import type { Aggregate } from '../aggregate.ts'

/** Values of one state; together they fit the length of a tile's state. */
export const RECENT_MAX = 50
/** Bytes of a value's text in UTF-8; a longer one is no value. */
export const VALUE_BYTES_MAX = 72

const HEAD = 3
const KIND = 1
const BYTES = 2
const KINDS = ['string', 'number', 'boolean']

interface Entry {
  value: Value
  at: number
}
/** By kind and text. */
type Entries = ReadonlyMap<string, Entry>

/** @param most how many values are kept and shown */
export function recent(most: number): Aggregate<Entries> {
  return {
    add(state, value, at) {
      const kind = KINDS.indexOf(typeof value)
      if (kind < 0 || (typeof value === 'number' && !Number.isFinite(value))) return
      const text = String(value).toWellFormed()
      if (textBytes(text) > VALUE_BYTES_MAX) return
      const known = placeOf(state, kind, text)
      if (known >= 0) {
        if (state.numbers[known]! >= at) return
        state.remove(known, lengthAt(state.numbers, known))
      }
      insert(state, kind, text, at)
      if (countIn(state) > most) state.remove(state.start, lengthAt(state.numbers, state.start))
    },
    none: new Map(),
    withEarlier(total, numbers, start, end) {
      const merged = new Map(total)
      for (let place = start; place < end; place += lengthAt(numbers, place)) {
        const key = keyAt(numbers, place)
        if (!merged.has(key)) merged.set(key, { value: valueAt(numbers, place), at: numbers[place]! })
      }
      return merged
    },
    value: (total) =>
      [...total]
        .sort(([key, { at }], [otherKey, { at: other }]) => other - at || (key < otherKey ? 1 : -1))
        .slice(0, most)
        .map(([, { value, at }]) => ({ value, at: isoOf(at) })),
  }
}

/** Behind all that are older, and of one instant in the order of kind and text. */
function insert(state: Section, kind: number, text: string, at: number): void {
  const key = keyOf(kind, text)
  let place = state.start
  while (place < state.end && isBefore(state.numbers, place, at, key)) place += lengthAt(state.numbers, place)
  const bytes = textBytes(text)
  state.insert(place, HEAD + textNumbers(bytes))
  const { numbers } = state
  numbers[place] = at
  numbers[place + KIND] = kind
  numbers[place + BYTES] = bytes
  putText(text, numbers, place + HEAD)
}

function isBefore(numbers: Numbers, place: number, at: number, key: string): boolean {
  const other = numbers[place]!
  return other < at || (other === at && keyAt(numbers, place) < key)
}

function placeOf({ numbers, start, end }: Section, kind: number, text: string): number {
  const key = keyOf(kind, text)
  for (let place = start; place < end; place += lengthAt(numbers, place)) {
    if (keyAt(numbers, place) === key) return place
  }
  return -1
}

function countIn({ numbers, start, end }: Section): number {
  let count = 0
  for (let place = start; place < end; place += lengthAt(numbers, place)) count++
  return count
}

function lengthAt(numbers: Numbers, place: number): number {
  return HEAD + textNumbers(numbers[place + BYTES]!)
}

function keyOf(kind: number, text: string): string {
  return `${kind}${text}`
}

function keyAt(numbers: Numbers, place: number): string {
  return keyOf(numbers[place + KIND]!, textAt(numbers, place + HEAD, numbers[place + BYTES]!))
}

function valueAt(numbers: Numbers, place: number): Value {
  const text = textAt(numbers, place + HEAD, numbers[place + BYTES]!)
  if (numbers[place + KIND] === 0) return text
  return numbers[place + KIND] === 1 ? Number(text) : text === 'true'
}
