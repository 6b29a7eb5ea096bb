import { expect, test } from 'vitest'
import { AGGREGATES, createOperator } from '../../../src/features/operators.ts'
import { Reader, Writer } from '../../../src/model/codec.ts'

test('late actions fill in any of hundreds of tiles, and every window sees them', () => {
  const count = createOperator('count', 'minute')
  let state = count.empty()
  // 7 and 500 have no common divisor: each of the 500 tiles once, in a scattered order.
  for (let index = 0; index < 500; index += 1) state = count.add(state, true, 0, (index * 7) % 500)
  for (let from = 0; from <= 500; from += 1) expect(count.value(state, from)).toBe(500 - from)
  expect(count.value(count.prune(state, 490), 0)).toBe(10)
})

test.each(AGGREGATES)('%s of nothing is 0 or null, and empty', (name) => {
  for (const unit of ['all', 'day'] as const) {
    const operator = createOperator(name, unit)
    const state = operator.empty()
    expect(operator.isEmpty(state)).toBe(true)
    const zero = name === 'count' || name === 'sum' || name === 'distinct'
    expect(operator.value(state, Number.NEGATIVE_INFINITY)).toBe(zero ? 0 : null)
  }
})

test('a text with half a surrogate pair reads the same before and after it is stored', () => {
  const last = createOperator('last', 'all')
  const state = last.add(last.empty(), 'a\ud83d', 1, 0)
  const writer = new Writer()
  last.encode(state, writer)
  const stored = last.decode(new Reader(writer.take()))
  expect(last.value(state, 0)).toBe('a\ufffd')
  expect(last.value(stored, 0)).toBe('a\ufffd')
})

test('thirty days of counts take some 60 bytes when stored', () => {
  const count = createOperator('count', 'day')
  let state = count.empty()
  for (let day = 20_000; day < 20_030; day += 1) state = count.add(state, true, 0, day)
  const writer = new Writer()
  count.encode(state, writer)
  expect(writer.take().length).toBeLessThan(66)
})
