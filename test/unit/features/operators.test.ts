import { expect, test } from 'vitest'
import { createOperator, VALUE_AGGREGATES } from '../../../src/features/operators.ts'
import { TestState } from '../../support/state-of.ts'

test('late actions fill in any of hundreds of tiles, and every window sees them', () => {
  const count = createOperator('count', 'minute')
  const state = new TestState()
  // 7 and 500 have no common divisor: each of the 500 tiles once, in a scattered order.
  for (let index = 0; index < 500; index += 1) count.add(state.section, true, 0, (index * 7) % 500)
  for (let from = 0; from <= 500; from += 1) expect(count.value(state.section, from)).toBe(500 - from)
  count.prune(state.section, 490)
  expect(count.value(state.section, 0)).toBe(10)
})

test.each(VALUE_AGGREGATES)('%s of nothing is 0 or null, and has no tiles', (name) => {
  for (const unit of ['all', 'day'] as const) {
    const operator = createOperator(name, unit)
    const { section } = new TestState()
    const zero = name === 'count' || name === 'sum' || name === 'distinct'
    expect(operator.value(section, Number.NEGATIVE_INFINITY)).toBe(zero ? 0 : null)
    expect(operator.oldest(section, Number.NEGATIVE_INFINITY)).toBeUndefined()
    expect(operator.tiles(section, Number.NEGATIVE_INFINITY)).toEqual([])
  }
})

test('a text with half a surrogate pair reads the same before and after it is stored', () => {
  const last = createOperator('last', 'all')
  const state = new TestState()
  last.add(state.section, 'a\ud83d', 1, 0)
  expect(last.value(state.section, 0)).toBe('a\ufffd')
  state.reload()
  expect(last.value(state.section, 0)).toBe('a\ufffd')
})

test('thirty days of counts take some 120 bytes when stored', () => {
  const count = createOperator('count', 'day')
  const state = new TestState()
  const { length } = state.stored
  for (let day = 20_000; day < 20_030; day += 1) count.add(state.section, true, 0, day)
  expect(state.stored.length - length).toBeLessThan(125)
})
