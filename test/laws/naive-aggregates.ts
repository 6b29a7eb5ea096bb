// Every aggregate over a plain list of what happened, computed the obvious way. The laws compare
// the engine with this.

import type { ValueAggregate } from '../../src/features/operators.ts'
import type { Value } from '../../src/model/value.ts'

/** In the order they were accepted. */
export interface Happened {
  at: number
  value: Value
}

type Naive = (happened: readonly Happened[]) => Value

export const NAIVE: Record<ValueAggregate, Naive> = {
  count: (happened) => happened.length,
  sum: (happened) => exactSum(numbersOf(happened)),
  min: (happened) => (numbersOf(happened).length > 0 ? Math.min(...numbersOf(happened)) + 0 : null),
  max: (happened) => (numbersOf(happened).length > 0 ? Math.max(...numbersOf(happened)) + 0 : null),
  avg(happened) {
    const numbers = numbersOf(happened)
    return numbers.length > 0 ? exactSum(numbers) / numbers.length : null
  },
  // Sorting is stable: of equal instants the order of acceptance stays.
  first: (happened) => happened.toSorted((a, b) => a.at - b.at)[0]?.value ?? null,
  last: (happened) => happened.toSorted((a, b) => a.at - b.at).at(-1)?.value ?? null,
  distinct(happened) {
    const scalars = happened
      .map(({ value }) => value)
      .filter((value) => value !== null && typeof value !== 'object')
    return new Set(scalars).size
  },
}

function numbersOf(happened: readonly Happened[]): number[] {
  return happened.map(({ value }) => value).filter((value) => typeof value === 'number')
}

/** In integers, without rounding until the end; for values that are 0 or from 2^-200 to 2^200. */
export function exactSum(numbers: readonly number[]): number {
  const total = numbers.reduce((sum, value) => sum + BigInt(value * 2 ** 300), 0n)
  return Number(total) / 2 ** 300
}
