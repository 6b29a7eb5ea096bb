// How many actions there were, whatever their value. State: the number.
import type { Aggregate } from '../aggregate.ts'

export const count: Aggregate<number> = {
  empty: 0,
  isEmpty: (state) => state === 0,
  add: (state) => state + 1,
  merge: (earlier, later) => earlier + later,
  value: (state) => state,
  encode: (state, to) => to.varint(state),
  decode: (from) => from.varint(),
}
