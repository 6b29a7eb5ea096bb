// The aggregate: it counts, sums and picks, and knows nothing of tiles or windows. `tiled` and
// `lifetime` make an operator of any aggregate.

import type { Value } from '../model/value.ts'
import type { Numbers, Section } from '../numbers/section.ts'

/**
 * A state is a section of numbers, empty before anything is added. States are brought together in a
 * total, which is a commutative monoid over what was added (laws in test/laws).
 */
export interface Aggregate<Total> {
  /**
   * Adds one value to the state.
   * @param at the action's occurredAt, epoch milliseconds. A value that the aggregate cannot use
   * changes nothing.
   */
  add(state: Section, value: Value, at: number): void
  /** The total of no state. */
  none: Total
  /**
   * The total with the state from `start` to before `end`, which is not empty and holds only what
   * occurred earlier. Changes neither state nor total.
   */
  withEarlier(total: Total, numbers: Numbers, start: number, end: number): Total
  /** By what share of it the value may be wrong; undefined if it is exact. */
  error?(total: Total): number | undefined
  /** @param numbers the same as in `withEarlier` */
  value(total: Total, numbers: Numbers): Value
}
