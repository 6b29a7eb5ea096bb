// The aggregate: what counts, sums and picks, knowing nothing of tiles or windows. `tiled` and
// `lifetime` make an operator of any.

import type { Reader, Writer } from '../model/codec.ts'
import type { Value } from '../model/value.ts'

/**
 * A commutative monoid over what was added (laws in test/laws). A state is a number, a flat array
 * or null, never undefined, and is not changed once it was handed out: `add` and `merge` return
 * another if it differs.
 */
export interface Aggregate<State> {
  empty: State
  isEmpty(state: State): boolean
  /**
   * @param at the action's occurredAt, epoch milliseconds. A value the aggregate has no use for
   * changes nothing.
   */
  add(state: State, value: Value, at: number): State
  /** Both together; of two things equally good, `earlier` was accepted first. */
  merge(earlier: State, later: State): State
  value(state: State): Value
  encode(state: State, to: Writer): void
  decode(from: Reader): State
}
