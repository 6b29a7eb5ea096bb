// Sums of doubles without rounding error. It keeps the exact sum as a few doubles that do not
// overlap, and rounds it once, when it is read. So neither the order nor the grouping of additions
// matters. Method: Shewchuk 1997, "Adaptive Precision Floating-Point Arithmetic and Fast Robust
// Geometric Predicates", as in Python's math.fsum.
import type { Reader, Writer } from '../../model/codec.ts'

/**
 * One double while the sum is one, else its partials: non-zero, of increasing magnitude, without
 * overlap. Past the largest double it saturates there, and is exact no more.
 */
export type ExactSum = number | number[]

/**
 * Changes the partials it was given, if there are any.
 * @param value finite
 */
export function plus(sum: ExactSum, value: number): ExactSum {
  if (typeof sum !== 'number') {
    addTo(sum, 0, value)
    return sum.length === 1 ? sum[0]! : sum
  }
  const high = saturated(sum + value)
  const low = roundingError(sum, value, high)
  return low === 0 ? high : [low, high]
}

/** Changes neither. */
export function plusSum(left: ExactSum, right: ExactSum): ExactSum {
  let sum = typeof left === 'number' ? left : left.slice()
  if (typeof right === 'number') return plus(sum, right)
  for (const partial of right) sum = plus(sum, partial)
  return sum
}

/** The double nearest to the exact sum. */
export function rounded(sum: ExactSum): number {
  if (typeof sum === 'number') return sum
  let at = sum.length - 1
  let high = sum[at]!
  let low = 0
  while (at > 0 && low === 0) {
    const before = high
    const next = sum[--at]!
    high = before + next
    low = next - (high - before)
  }
  // Halfway between two doubles, the sign of the rest decides which double is nearer.
  const below = at > 0 ? sum[at - 1]! : 0
  if ((low < 0 && below < 0) || (low > 0 && below > 0)) {
    const doubled = low * 2
    const further = high + doubled
    if (further - high === doubled) high = further
  }
  return saturated(high)
}

export function encodeSum(sum: ExactSum, to: Writer): void {
  if (typeof sum === 'number') {
    to.varint(1)
    to.number(sum)
    return
  }
  to.varint(sum.length)
  for (const partial of sum) to.number(partial)
}

export function decodeSum(from: Reader): ExactSum {
  const length = from.varint()
  if (length === 1) return from.number()
  const partials: number[] = []
  for (let left = length; left > 0; left--) partials.push(from.number())
  return partials.slice()
}

/**
 * Adds to the partials that stand in the array from `first` on, of which there is at least one.
 * @param value finite
 */
export function addTo(partials: number[], first: number, value: number): void {
  let end = first
  let high = value
  for (let at = first; at < partials.length; at++) {
    const partial = partials[at]!
    const total = saturated(high + partial)
    const low = roundingError(high, partial, total)
    if (low !== 0) partials[end++] = low
    high = total
  }
  if (high !== 0 || end === first) partials[end++] = high
  partials.length = end
}

/**
 * What `left + right` lost when it was rounded to `total` (Knuth's two-sum); 0 if it was saturated.
 */
function roundingError(left: number, right: number, total: number): number {
  if (Math.abs(total) === Number.MAX_VALUE) return 0
  const rightPart = total - left
  return left - (total - rightPart) + (right - rightPart)
}

/** Also turns -0 into 0, so that a sum has one form. */
function saturated(value: number): number {
  if (value > Number.MAX_VALUE) return Number.MAX_VALUE
  if (value < -Number.MAX_VALUE) return -Number.MAX_VALUE
  return value + 0
}
