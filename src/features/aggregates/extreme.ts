// What min and max share: the number that wins against all others. State: that number; null before
// the first.
import type { Aggregate } from '../aggregate.ts'

type Extreme = number | null

/** @param pick the winner of two: Math.min or Math.max */
export function extreme(pick: (left: number, right: number) => number): Aggregate<Extreme> {
  return {
    empty: null,
    isEmpty: (state) => state === null,
    add(state, value) {
      if (typeof value !== 'number' || !Number.isFinite(value)) return state
      // `+ 0` makes 0 of -0, which would otherwise depend on the order.
      return state === null ? value + 0 : pick(state, value + 0)
    },
    merge(earlier, later) {
      if (earlier === null || later === null) return earlier ?? later
      return pick(earlier, later)
    },
    value: (state) => state,
    encode: (state, to) => to.number(state!),
    decode: (from) => from.number(),
  }
}
