import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distinct } from '../../src/features/aggregates/distinct.ts'
import {
  type Sketch,
  sketchAdd,
  sketchEstimate,
  sketchFrom,
} from '../../src/features/aggregates/sliding-hyperloglog.ts'
import { LIMITS } from '../../src/limits.ts'
import { Reader, Writer } from '../../src/model/codec.ts'
import { hash53 } from '../../src/model/hash.ts'

interface Seen {
  value: number
  tile: number
}

function encoded(state: ReturnType<typeof distinct.empty>): Buffer {
  const writer = new Writer()
  if (!distinct.isEmpty(state)) distinct.encode(state, writer)
  return writer.take()
}

/** Prunes to `firstTile` at every `every`th value and reloads at every third of those. */
function fold(seen: readonly Seen[], every: number, firstTile: number): ReturnType<typeof distinct.empty> {
  let state = distinct.empty()
  for (const [index, { value, tile }] of seen.entries()) {
    state = distinct.add(state, value, 0, tile)
    if (index % every === 0) state = distinct.prune(state, firstTile)
    if (index % (3 * every) === 0 && !distinct.isEmpty(state))
      state = distinct.decode(new Reader(encoded(state)))
  }
  return distinct.prune(state, firstTile)
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
        const shown = distinct.value(state, from) as number
        const error = distinct.error!(state, from)
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
      const bytes = encoded(fold(seen, parameters.every, parameters.firstTile))
      expect(encoded(fold(shuffled, 10_000, parameters.firstTile)).equals(bytes)).toBe(true)
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
        const sliding: Sketch = []
        for (const { hash, tile } of list) sketchAdd(sliding, hash, tile)
        const plain: Sketch = []
        for (const { hash, tile } of list) if (tile >= from) sketchAdd(plain, hash, 0)
        expect(sketchEstimate(sliding, from)).toBe(sketchEstimate(plain, 0))
        expect(sketchEstimate(sketchFrom(sliding, from), -3)).toBe(sketchEstimate(plain, 0))
        expect(sliding).toEqual(sliding.toSorted((a, b) => a - b))
      },
    ),
    { numRuns: 500 },
  )
})
