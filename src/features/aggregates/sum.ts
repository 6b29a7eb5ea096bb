// The sum of the numbers among the values, exact and rounded once. State: see exact-sum.ts.
import type { Aggregate } from '../aggregate.ts'
import { decodeSum, type ExactSum, encodeSum, plus, plusSum, rounded } from './exact-sum.ts'

export const sum: Aggregate<ExactSum> = {
  empty: 0,
  isEmpty: (state) => state === 0,
  add: (state, value) => (Number.isFinite(value) ? plus(state, value as number) : state),
  merge: plusSum,
  value: rounded,
  encode: encodeSum,
  decode: decodeSum,
}
