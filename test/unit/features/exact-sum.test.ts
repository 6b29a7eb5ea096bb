import { expect, test } from 'vitest'
import { addToSum, type ExactSum, plusState, rounded } from '../../../src/features/aggregates/exact-sum.ts'
import { TestState } from '../../support/state-of.ts'

function sumOf(values: readonly number[]): number[] {
  const state = new TestState()
  for (const value of values) addToSum(state.section, value)
  return state.own
}

const read = (...states: number[][]) =>
  rounded(states.reduce((sum, state) => plusState(sum, state, 0, state.length), 0 as ExactSum))

test.each<[number[], number]>([
  [[], 0],
  [[-0], 0],
  [Array(10).fill(0.1), 1],
  [[1e100, 1, -1e100], 1],
  [[1e16, 1, 1e-16], 10_000_000_000_000_002],
  [[2 ** 53, -0.5, -(2 ** -54)], 2 ** 53 - 1],
  [[2 ** 53, 1, 2 ** -100], 2 ** 53 + 2],
  [[2 ** 53 + 2, -1, -(2 ** -100)], 2 ** 53],
  [[Number.MIN_VALUE, 1, -1], Number.MIN_VALUE],
])('the sum of %j is %d, in any order', (values, expected) => {
  expect(read(sumOf(values))).toBe(expected)
  expect(read(sumOf(values.toReversed()))).toBe(expected)
})

test('whole numbers and most prices keep a sum of one double', () => {
  expect(sumOf([3, 4, 5])).toEqual([12])
  expect(sumOf([0.25, 12.5])).toEqual([12.75])
})

test('a sum past the largest double stays at the largest double', () => {
  const huge = Number.MAX_VALUE
  expect(read(sumOf([huge, huge]))).toBe(huge)
  expect(read(sumOf([-huge, -huge, 1]))).toBe(-huge)
  expect(read(sumOf([huge, 1, huge, 0.5]))).toBe(huge)
  expect(read(sumOf([huge, 1]), sumOf([huge, 2 ** 960, 1]))).toBe(huge)
})
