// An aggregate over everything a user ever did: the bare state, without tiles.
import type { Section } from '../numbers/section.ts'
import type { Aggregate } from './aggregate.ts'
import type { Operator } from './operator.ts'

export function lifetime<Total>(aggregate: Aggregate<Total>): Operator {
  const totalOf = ({ numbers, start, end }: Section) =>
    start === end ? aggregate.none : aggregate.withEarlier(aggregate.none, numbers, start, end)
  return {
    add: aggregate.add,
    prune() {},
    value: (section) => aggregate.value(totalOf(section), section.numbers),
    ...(aggregate.error && { error: (section: Section) => aggregate.error!(totalOf(section)) }),
    oldest: () => undefined,
    tiles: () => [],
  }
}
