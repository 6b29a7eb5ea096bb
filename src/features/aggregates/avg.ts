// The mean of the numbers among the values: the exact sum, rounded, divided by their count. State:
// the count, and then that of the sum.
import type { Aggregate } from '../aggregate.ts'
import { addToSum, type ExactSum, plusState, rounded } from './exact-sum.ts'

interface Average {
  count: number
  sum: ExactSum
}

export const avg: Aggregate<Average> = {
  add(state, value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return
    const { start } = state
    if (state.length === 0) {
      state.insert(start, 1)
      state.numbers[start] = 0
    }
    state.numbers[start]! += 1
    state.start += 1
    addToSum(state, value)
    state.start = start
  },
  none: { count: 0, sum: 0 },
  withEarlier: ({ count, sum }, numbers, start, end) => ({
    count: count + numbers[start]!,
    sum: plusState(sum, numbers, start + 1, end),
  }),
  value: ({ count, sum }) => (count === 0 ? null : rounded(sum) / count),
}
