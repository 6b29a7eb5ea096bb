// The sum of the numbers among the values, exact and rounded once. State: see exact-sum.ts.
import type { Aggregate } from '../aggregate.ts'
import { addToSum, type ExactSum, plusState, rounded } from './exact-sum.ts'

export const sum: Aggregate<ExactSum> = {
  add(state, value) {
    if (Number.isFinite(value)) addToSum(state, value as number)
  },
  none: 0,
  withEarlier: plusState,
  value: rounded,
}
