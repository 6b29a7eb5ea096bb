// The aggregate: it counts, sums and picks, and knows nothing of tiles or windows. `tiled` and
// `lifetime` make an operator of any aggregate.

import type { Reader, Writer } from '../model/codec.ts'
import type { Value } from '../model/value.ts'

/**
 * A commutative monoid over what was added (laws in test/laws). A state is a number, a flat array
 * or null, never undefined. `add` may change and return the state it was given; `merge` changes
 * neither of its two.
 */
export interface Aggregate<State> {
  empty: State
  isEmpty(state: State): boolean
  /**
   * @param at the action's occurredAt, epoch milliseconds. A value that the aggregate cannot use
   * changes nothing.
   */
  add(state: State, value: Value, at: number): State
  /** Merges both. If two things are equally good, `earlier` was accepted first. */
  merge(earlier: State, later: State): State
  value(state: State): Value
  encode(state: State, to: Writer): void
  decode(from: Reader): State
}
