import { expect, test } from 'vitest'
import { distinct } from '../../../src/features/aggregates/distinct.ts'
import { LIMITS } from '../../../src/limits.ts'
import { TestState } from '../../support/state-of.ts'

function stateOf(count: number, tileOf: (index: number) => number = () => 0) {
  const state = new TestState()
  for (let index = 0; index < count; index += 1) distinct.add(state.section, `p-${index}`, 0, tileOf(index))
  return state
}

test('strings, numbers and booleans count, each kind apart; anything else is ignored', () => {
  const state = new TestState()
  for (const value of ['1', 1, true, 'true', '', 0, -0, null, [1], { a: 1 }, Number.NaN, '1', 1]) {
    distinct.add(state.section, value, 0, 0)
  }
  expect(distinct.value(state.section, Number.NEGATIVE_INFINITY)).toBe(6)
})

test('the bound itself is exact, one value more is an estimate that says so', () => {
  const full = stateOf(LIMITS.distinctExactMax)
  expect(distinct.value(full.section, 0)).toBe(LIMITS.distinctExactMax)
  expect(distinct.error!(full.section, 0)).toBeUndefined()
  const over = stateOf(LIMITS.distinctExactMax + 1)
  expect(distinct.value(over.section, 0)).toBeGreaterThan(LIMITS.distinctExactMax)
  expect(distinct.error!(over.section, 0)).toBe(0.01625)
})

test.each([2_000, 5_000, 10_000, 20_000, 100_000])(
  '%i values are estimated within three standard errors',
  (count) => {
    const shown = distinct.value(stateOf(count).section, Number.NEGATIVE_INFINITY) as number
    expect(Math.abs(shown - count) / count).toBeLessThan(3 * 0.01625)
  },
)

test('estimates have no bias: over a hundred sets of 10,000 values they average out', () => {
  let total = 0
  for (let set = 0; set < 100; set += 1) {
    const state = new TestState()
    for (let index = 0; index < 10_000; index += 1) distinct.add(state.section, set * 10_000 + index, 0, 0)
    total += distinct.value(state.section, 0) as number
  }
  // The standard error of a mean of a hundred is a tenth of one estimate's.
  expect(Math.abs(total / 100 / 10_000 - 1)).toBeLessThan(3 * 0.001625)
})

test('a narrow window is exact though the wide one is an estimate', () => {
  const state = stateOf(3_000, (index) => Math.floor(index / 100))
  expect(distinct.error!(state.section, 0)).toBe(0.01625)
  expect(distinct.error!(state.section, 25)).toBeUndefined()
  expect(distinct.value(state.section, 25)).toBe(500)
})

test('once the crowded tiles are gone, the state is a plain exact one again', () => {
  const crowded = stateOf(3_000, (index) => Math.floor(index / 100))
  expect(crowded.own.length).toBeGreaterThan(4_000)
  distinct.prune(crowded.section, 25)
  expect(crowded.own).toHaveLength(1 + 2 * 500)
  distinct.prune(crowded.section, 30)
  expect(crowded.isEmpty).toBe(true)
})

test('ten values of one day take some 110 bytes when stored', () => {
  const { length } = stateOf(0).stored
  expect(stateOf(10, () => 20_000).stored.length - length).toBeLessThan(115)
})
