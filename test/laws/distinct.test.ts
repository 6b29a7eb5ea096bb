import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distinct } from '../../src/features/aggregates/distinct.ts'
import { sketchAdd, sketchEstimate, sketchPrune } from '../../src/features/aggregates/sliding-hyperloglog.ts'
import { LIMITS } from '../../src/limits.ts'
import { hash53 } from '../../src/model/hash.ts'
import { TestState } from '../support/state-of.ts'

interface Seen {
  value: number
  tile: number
}

/** Prunes to `firstTile` at every `every`th value and reloads at every third of those. */
function fold(seen: readonly Seen[], every: number, firstTile: number): TestState {
  const state = new TestState()
  for (const [index, { value, tile }] of seen.entries()) {
    distinct.add(state.section, value, 0, tile)
    if (index % every === 0) distinct.prune(state.section, firstTile)
    if (index % (3 * every) === 0) state.reload()
  }
  distinct.prune(state.section, firstTile)
  return state
}

/** Thousands of values over tiles 0 to 39, from a seed, so that shrinking stays quick. */
const crowd = fc.record({
  seed: fc.nat(),
  actions: fc.integer({ min: 900, max: 4_000 }),
  values: fc.integer({ min: 900, max: 4_000 }),
  every: fc.integer({ min: 50, max: 999 }),
  firstTile: fc.integer({ min: -1, max: 39 }),
})

function seenBy({ seed, actions, values }: { seed: number; actions: number; values: number }): Seen[] {
  return Array.from({ length: actions }, (_, index) => {
    const random = hash53(`${seed}-${index}`)
    return { value: random % values, tile: Math.floor(random / values) % 40 }
  })
}

test('windows of up to the bound are exact, larger ones are labelled and within five standard errors', () => {
  fc.assert(
    fc.property(crowd, (parameters) => {
      const seen = seenBy(parameters)
      const state = fold(seen, parameters.every, parameters.firstTile)
      for (let from = Math.max(parameters.firstTile, 0); from <= 40; from += 3) {
        const exact = new Set(seen.filter(({ tile }) => tile >= from).map(({ value }) => value)).size
        const shown = distinct.value(state.section, from) as number
        const error = distinct.error!(state.section, from)
        if (error === undefined) expect(shown).toBe(exact)
        else expect(Math.abs(shown - exact) / exact).toBeLessThan(5 * error)
        expect(error !== undefined).toBe(exact > LIMITS.distinctExactMax)
      }
    }),
    { numRuns: 30 },
  )
})

test('the stored bytes do not depend on the order of arrival, nor on when the state was pruned or stored', () => {
  fc.assert(
    fc.property(crowd, fc.nat(), (parameters, shuffleSeed) => {
      const seen = seenBy(parameters)
      const order = new Map(seen.map((one, index) => [one, hash53(`${shuffleSeed}-${index}`)]))
      const shuffled = seen.toSorted((a, b) => order.get(a)! - order.get(b)!)
      const { stored } = fold(seen, parameters.every, parameters.firstTile)
      expect(fold(shuffled, 10_000, parameters.firstTile).stored.equals(stored)).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test('a sliding sketch estimates every window as a plain sketch of that window would', () => {
  const hashed = fc.record({ hash: fc.nat(2 ** 53 - 1), tile: fc.integer({ min: -3, max: 9 }) })
  // Few registers and low bits, so that values meet in one register with ranks near each other.
  const crowded = fc.record({
    hash: fc.tuple(fc.nat(1), fc.nat(40)).map(([register, zeros]) => register * 2 ** 41 + 2 ** (40 - zeros)),
    tile: fc.integer({ min: -3, max: 9 }),
  })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(hashed, crowded), { maxLength: 60 }),
      fc.integer({ min: -4, max: 10 }),
      (list, from) => {
        const [sliding, plain] = [new TestState(), new TestState()]
        for (const { hash, tile } of list) sketchAdd(sliding.section, hash, tile)
        for (const { hash, tile } of list) if (tile >= from) sketchAdd(plain.section, hash, 0)
        const expected = sketchEstimate(plain.section, 0)
        expect(sketchEstimate(sliding.section, from)).toBe(expected)
        expect(sliding.own).toEqual(sliding.own.toSorted((a, b) => a - b))
        sketchPrune(sliding.section, from)
        expect(sketchEstimate(sliding.section, -3)).toBe(expected)
      },
    ),
    { numRuns: 500 },
  )
})
