// The schedule: which faults come in which order, one at a time or two at once, and how long the
// parts have between them. The seed decides; every kind comes before any comes again.
import { type Random, seededRandom } from '../support/random.ts'
import { between, type Fault } from './fault.ts'
import { NETWORK_FAULTS } from './network-faults.ts'
import { NODE_FAULTS } from './node-faults.ts'
import { SERVER_FAULTS } from './server-faults.ts'

export const FAULTS: readonly Fault[] = [...NODE_FAULTS, ...SERVER_FAULTS, ...NETWORK_FAULTS]

export interface Step {
  faults: readonly Fault[]
  /** For each fault its own, so that a replay draws the same whatever the time. */
  randoms: readonly Random[]
  pauseMs: number
  /** True where every kind has come once with it. */
  isRoundEnd: boolean
}

/** Steps of the seed without end. @param only names of kinds, or parts of them; all where empty */
export function* steps(seed: number, only: readonly string[]): Generator<Step> {
  const random = seededRandom(seed)
  const kinds = FAULTS.filter(({ kind }) => only.length === 0 || only.some((part) => kind.includes(part)))
  if (kinds.length === 0) throw new Error(`no kind of fault is called like ${only.join(' or ')}`)
  let drawn = 0
  for (;;) {
    const bag = shuffled(kinds, random)
    while (bag.length > 0) {
      const faults = [bag.pop()!]
      const next = bag.at(-1)
      if (next?.mixes && faults[0]!.mixes && random.below(4) === 0) faults.push(bag.pop()!)
      const randoms = faults.map(() => seededRandom(seed * 10_000 + drawn++))
      yield { faults, randoms, pauseMs: between(random, 300, 3_000), isRoundEnd: bag.length === 0 }
    }
  }
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const left = [...items]
  const order: Item[] = []
  while (left.length > 0) order.push(...left.splice(random.below(left.length), 1))
  return order
}
