// An aggregate over everything a user ever did: the bare state, without tiles.
import type { Aggregate } from './aggregate.ts'
import type { Operator } from './operator.ts'

export function lifetime<State>(aggregate: Aggregate<State>): Operator<State> {
  return {
    empty: () => aggregate.empty,
    add: (state, value, at) => aggregate.add(state, value, at),
    prune: (state) => state,
    value: (state) => aggregate.value(state),
    oldest: () => undefined,
    tiles: () => [],
    isEmpty: (state) => aggregate.isEmpty(state),
    encode: (state, to) => aggregate.encode(state, to),
    decode: (from) => aggregate.decode(from),
  }
}
