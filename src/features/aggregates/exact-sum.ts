// Sums of doubles without rounding error. It keeps the exact sum as a few doubles that do not
// overlap, and rounds it once, when it is read. So neither the order nor the grouping of additions
// matters. Method: Shewchuk 1997, "Adaptive Precision Floating-Point Arithmetic and Fast Robust
// Geometric Predicates", as in Python's math.fsum.
import { type Numbers, type Section, zeros } from '../../numbers/section.ts'

/**
 * The total of several states: one double while the sum is one, else its partials, as in a state:
 * non-zero, of increasing magnitude, without overlap. Past the largest double it saturates there,
 * and is exact no more.
 */
export type ExactSum = number | readonly number[]

/** The partials of the state that is being added to. */
const partials = zeros(8)

/**
 * Adds to a state: the partials of a sum, none for 0. If a sum needs fewer partials than before, 0
 * stands for those that are left over, because soon it needs them again.
 * @param value finite
 */
export function addToSum(state: Section, value: number): void {
  const { start, length } = state
  for (let place = 0; place < length; place++) partials[place] = state.numbers[start + place]!
  const sumLength = addTo(partials, length, value)
  if (length === 0 && partials[0] === 0) return
  if (sumLength > length) state.insert(start, sumLength - length)
  for (let place = 0; place < state.length; place++) {
    state.numbers[start + place] = place < sumLength ? partials[place]! : 0
  }
}

/** The sum with a state. Changes neither. */
export function plusState(sum: ExactSum, numbers: Numbers, start: number, end: number): ExactSum {
  let total = sum
  for (let at = start; at < end; at++) if (numbers[at] !== 0) total = plus(total, numbers[at]!)
  return total
}

function plus(sum: ExactSum, value: number): ExactSum {
  if (typeof sum === 'number') {
    const total = saturated(sum + value)
    if (roundingError(sum, value, total) === 0) return total
  }
  const longer = typeof sum === 'number' ? [sum] : sum.slice()
  longer.length = addTo(longer, longer.length, value)
  return longer.length === 1 ? longer[0]! : longer
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

/**
 * Adds to the first `length` partials and returns how many they then are: at most one more. One
 * of them may be 0, if it is the only one. It skips zeros.
 * @param value finite
 */
function addTo(partials: number[], length: number, value: number): number {
  let kept = 0
  let high = value + 0
  for (let place = 0; place < length; place++) {
    const partial = partials[place]!
    const total = saturated(high + partial)
    const low = roundingError(high, partial, total)
    if (low !== 0) partials[kept++] = low
    high = total
  }
  if (high !== 0 || kept === 0) partials[kept++] = high + 0
  return kept
}

/** What `left + right` lost when it was rounded to `total` (Knuth's two-sum); 0 if it was saturated. */
function roundingError(left: number, right: number, total: number): number {
  const rightPart = total - left
  const lost = left - (total - rightPart) + (right - rightPart)
  return Math.abs(total) < Number.MAX_VALUE ? lost : 0
}

/** Also turns -0 into 0, so that a sum has one form. */
function saturated(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE) + 0
}
