// What min and max share: the number that wins against all others. State: that number.
import type { Aggregate } from '../aggregate.ts'

type Extreme = number | null

/** @param pick the winner of two: Math.min or Math.max */
export function extreme(pick: (left: number, right: number) => number): Aggregate<Extreme> {
  return {
    add(state, value) {
      if (typeof value !== 'number' || !Number.isFinite(value)) return
      const isFirst = state.length === 0
      if (isFirst) state.insert(state.start, 1)
      const { numbers, start } = state
      // `+ 0` makes 0 of -0, which would otherwise depend on the order.
      numbers[start] = isFirst ? value + 0 : pick(numbers[start]!, value + 0)
    },
    none: null,
    withEarlier: (total, numbers, start) => (total === null ? numbers[start]! : pick(numbers[start]!, total)),
    value: (total) => total,
  }
}
