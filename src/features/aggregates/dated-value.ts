// What first and last share: one value of any JSON kind and when it occurred. State: null before
// the first value, then the instant and the value.

import type { Reader, Writer } from '../../model/codec.ts'
import type { Value } from '../../model/value.ts'
import type { Aggregate } from '../aggregate.ts'

type Dated = [at: number, value: Value] | null

/** UTF-16 units of a text, or of the JSON of a list or object. */
export const KEPT_LENGTH_MAX = 1_024

const NUMBER = 0
const TEXT = 1
const JSON_TEXT = 2

/**
 * @param replaces true if a value accepted later, of instant `later`, replaces one of instant
 * `earlier`
 */
export function datedValue(replaces: (later: number, earlier: number) => boolean): Aggregate<Dated> {
  return {
    empty: null,
    isEmpty: (state) => state === null,
    add(state, value, at) {
      if (state && !replaces(at, state[0])) return state
      const kept = storable(value)
      if (kept === undefined) return state
      if (!state) return [at, kept]
      state[0] = at
      state[1] = kept
      return state
    },
    merge(earlier, later) {
      if (!earlier || !later) return earlier ?? later
      return replaces(later[0], earlier[0]) ? later : earlier
    },
    value: (state) => (state ? state[1] : null),
    encode(state, to) {
      to.number(state![0])
      encodeValue(state![1], to)
    },
    decode: (from) => [from.number(), decodeValue(from)],
  }
}

/**
 * The part of a value that is kept, for each tile of each user; undefined: nothing. Half a
 * surrogate pair has no UTF-8 form. It is replaced now, so that storing the state changes nothing.
 */
function storable(value: Value): Value | undefined {
  if (typeof value === 'string') return value.slice(0, KEPT_LENGTH_MAX).toWellFormed()
  const isLong = typeof value === 'object' && JSON.stringify(value).length > KEPT_LENGTH_MAX
  return isLong ? undefined : value
}

function encodeValue(value: Value, to: Writer): void {
  if (typeof value === 'number') {
    to.varint(NUMBER)
    to.number(value)
  } else if (typeof value === 'string') {
    to.varint(TEXT)
    to.text(value)
  } else {
    to.varint(JSON_TEXT)
    to.text(JSON.stringify(value))
  }
}

function decodeValue(from: Reader): Value {
  const kind = from.varint()
  if (kind === NUMBER) return from.number()
  return kind === TEXT ? from.text() : JSON.parse(from.text())
}
