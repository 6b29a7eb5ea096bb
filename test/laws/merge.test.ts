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
import { type Happened, NAIVE } from './naive-aggregates.ts'

const MERGEABLE = { count, sum, min, max, avg, first, last }
const names = Object.keys(MERGEABLE) as (keyof typeof MERGEABLE)[]

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.integer({ min: 0, max: 99_999 }).map((cents) => cents / 100),
  // Magnitudes far apart, so that plain addition would lose the small ones.
  fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.constantFrom(1, 2 ** 53, 2 ** 150, 2 ** -120))
    .map(([a, b]) => a * b),
  fc.constantFrom<Value>('a', null, true, { k: [1] }),
)
const happened = fc.array(fc.record({ at: fc.integer({ min: 0, max: 9 }), value }), { maxLength: 40 })

function fold(aggregate: Aggregate<unknown>, list: readonly Happened[]): unknown {
  return list.reduce((state, { at, value }) => aggregate.add(state, value, at), aggregate.empty)
}

describe.each(names)('%s', (name) => {
  const aggregate = MERGEABLE[name] as Aggregate<unknown>

  test('of any split, merged in any grouping, is that of the whole', () => {
    fc.assert(
      fc.property(happened, fc.nat(40), fc.nat(40), (list, one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)]
        const parts = [list.slice(0, from), list.slice(from, to), list.slice(to)]
        const [a, b, c] = parts.map((part) => fold(aggregate, part))
        const expected = NAIVE[name](list)
        expect(aggregate.value(aggregate.merge(aggregate.merge(a, b), c))).toEqual(expected)
        expect(aggregate.value(aggregate.merge(a, aggregate.merge(b, c)))).toEqual(expected)
        // Merging changed none of its parts.
        expect([a, b, c]).toEqual(parts.map((part) => fold(aggregate, part)))
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
        expect(aggregate.value(fold(aggregate, other))).toEqual(aggregate.value(fold(aggregate, list)))
      }),
    )
  })

  test('with nothing merged to it, on either side, keeps its value', () => {
    fc.assert(
      fc.property(happened, (list) => {
        const state = fold(aggregate, list)
        expect(aggregate.value(aggregate.merge(aggregate.empty, state))).toEqual(aggregate.value(state))
        expect(aggregate.value(aggregate.merge(state, aggregate.empty))).toEqual(aggregate.value(state))
      }),
    )
  })
})
