// The mean of the numbers among the values: the exact sum, rounded, divided by their count. State:
// null before the first number, then the count followed by the partials of the sum.
import type { Aggregate } from '../aggregate.ts'
import { addTo, decodeSum, type ExactSum, encodeSum, plusSum, rounded } from './exact-sum.ts'

type Average = number[] | null

const sumOf = (state: readonly number[]): ExactSum => (state.length === 2 ? state[1]! : state.slice(1))

function average(count: number, total: ExactSum): Average {
  return typeof total === 'number' ? [count, total] : [count, ...total]
}

export const avg: Aggregate<Average> = {
  empty: null,
  isEmpty: (state) => state === null,
  add(state, value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return state
    if (!state) return [1, value + 0]
    state[0]! += 1
    addTo(state, 1, value)
    return state
  },
  merge(earlier, later) {
    if (!earlier || !later) return earlier ?? later
    return average(earlier[0]! + later[0]!, plusSum(sumOf(earlier), sumOf(later)))
  },
  value: (state) => (state ? rounded(sumOf(state)) / state[0]! : null),
  encode(state, to) {
    to.varint(state![0]!)
    encodeSum(sumOf(state!), to)
  },
  decode(from) {
    const count = from.varint()
    return average(count, decodeSum(from))
  },
}
