// How many actions there were, whatever their value. State: the number.
import type { Aggregate } from '../aggregate.ts'

export const count: Aggregate<number> = {
  add(state) {
    if (state.length === 0) {
      state.insert(state.start, 1)
      state.numbers[state.start] = 0
    }
    state.numbers[state.start]! += 1
  },
  none: 0,
  withEarlier: (total, numbers, start) => total + numbers[start]!,
  value: (total) => total,
}
