import { expect, test } from 'vitest'
import { type ExactSum, plus, plusSum, rounded } from '../../../src/features/aggregates/exact-sum.ts'

const sumOf = (values: readonly number[]) => values.reduce<ExactSum>((sum, value) => plus(sum, value), 0)

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
  expect(rounded(sumOf(values))).toBe(expected)
  expect(rounded(sumOf(values.toReversed()))).toBe(expected)
})

test('whole numbers and most prices keep a sum of one double', () => {
  expect(sumOf([3, 4, 5])).toBe(12)
  expect(sumOf([0.25, 12.5])).toBe(12.75)
})

test('a sum past the largest double stays at the largest double', () => {
  const huge = Number.MAX_VALUE
  expect(rounded(sumOf([huge, huge]))).toBe(huge)
  expect(rounded(sumOf([-huge, -huge, 1]))).toBe(-huge)
  expect(rounded(sumOf([huge, 1, huge, 0.5]))).toBe(huge)
  expect(rounded(plusSum(sumOf([huge, 1]), sumOf([huge, 2 ** 960, 1])))).toBe(huge)
})
