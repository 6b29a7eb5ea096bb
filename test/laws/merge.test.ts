import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aggregate } from '../../src/features/aggregate.ts'
import { avg } from '../../src/features/aggregates/avg.ts'
import { count } from '../../src/features/aggregates/count.ts'
import { first } from '../../src/features/aggregates/first.ts'
import { last } from '../../src/features/aggregates/last.ts'
import { max } from '../../src/features/aggregates/max.ts'
import { min } from '../../src/features/aggregates/min.ts'
import { sum } from '../../src/features/aggregates/sum.ts'
import type { Value } from '../../src/model/value.ts'
import { TestState } from '../support/state-of.ts'
import { type Happened, NAIVE } from './naive-aggregates.ts'

const TOTALLED = { count, sum, min, max, avg, first, last }
const names = Object.keys(TOTALLED) as (keyof typeof TOTALLED)[]

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.integer({ min: 0, max: 99_999 }).map((cents) => cents / 100),
  // Magnitudes far apart, so that plain addition would lose the small ones.
  fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.constantFrom(1, 2 ** 53, 2 ** 150, 2 ** -120))
    .map(([a, b]) => a * b),
  fc.constantFrom<Value>('a', null, true, { k: [1] }),
)
const happened = fc.array(fc.record({ at: fc.integer({ min: 0, max: 9 }), value }), { maxLength: 40 })

/** The states of parts of a story, one after the other in one list of numbers. */
function statesOf(aggregate: Aggregate<unknown>, parts: readonly (readonly Happened[])[]) {
  const numbers: number[] = []
  const places = parts.map((part) => {
    const state = new TestState()
    for (const { at, value } of part) aggregate.add(state.section, value, at)
    const start = numbers.length
    numbers.push(...state.own)
    return { start, end: numbers.length }
  })
  return { numbers, places }
}

/** The value of all parts: their states are brought together from the newest to the oldest. */
function valueOver(aggregate: Aggregate<unknown>, parts: readonly (readonly Happened[])[]): Value {
  const { numbers, places } = statesOf(aggregate, parts)
  const before = numbers.slice()
  const total = places
    .filter(({ start, end }) => end > start)
    .reduceRight((total, { start, end }) => aggregate.withEarlier(total, numbers, start, end), aggregate.none)
  expect(numbers).toEqual(before)
  return aggregate.value(total, numbers)
}

describe.each(names)('%s', (name) => {
  const aggregate = TOTALLED[name] as Aggregate<unknown>

  test('of any split is that of the whole', () => {
    fc.assert(
      fc.property(happened, fc.nat(40), fc.nat(40), (list, one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)]
        const expected = NAIVE[name](list)
        expect(valueOver(aggregate, [list])).toEqual(expected)
        expect(valueOver(aggregate, [list.slice(0, to), list.slice(to)])).toEqual(expected)
        const parts = [list.slice(0, from), list.slice(from, to), list.slice(to)]
        expect(valueOver(aggregate, parts)).toEqual(expected)
      }),
    )
  })

  test('does not depend on the order of arrival where no two actions share an instant', () => {
    const distinctTimes = fc.uniqueArray(fc.record({ at: fc.nat(1_000), value }), {
      selector: ({ at }) => at,
    })
    const shuffled = distinctTimes.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(valueOver(aggregate, [other])).toEqual(valueOver(aggregate, [list]))
      }),
    )
  })

  test('of nothing is the value of no state', () => {
    expect(valueOver(aggregate, [])).toEqual(NAIVE[name]([]))
  })
})
