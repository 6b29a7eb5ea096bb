// An aggregate over everything a user ever did: the bare state, without tiles.
import type { Aggregate } from './aggregate.ts'
import type { Operator } from './operator.ts'

export function lifetime<State>(aggregate: Aggregate<State>): Operator<State> {
  return {
    empty: () => aggregate.empty,
    add: aggregate.add,
    prune: (state) => state,
    value: aggregate.value,
    oldest: () => undefined,
    tiles: () => [],
    isEmpty: aggregate.isEmpty,
    encode: aggregate.encode,
    decode: aggregate.decode,
  }
}
