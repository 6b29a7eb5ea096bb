// An aggregate over everything a user ever did: the bare state, without tiles.
import type { Aggregate } from './aggregate.ts'
import type { Operator } from './operator.ts'

export function lifetime<Total>(aggregate: Aggregate<Total>): Operator {
  return {
    add: aggregate.add,
    prune() {},
    value({ numbers, start, end }) {
      const total =
        start === end ? aggregate.none : aggregate.withEarlier(aggregate.none, numbers, start, end)
      return aggregate.value(total, numbers)
    },
    oldest: () => undefined,
    tiles: () => [],
  }
}
