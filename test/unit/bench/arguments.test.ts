// What the command line of the benchmark asks for, and what it does not take.
import { expect, test } from 'vitest'
import { runOf } from '../../bench/arguments.ts'
import { PLANS } from '../../bench/plan.ts'

test.each([
  [[], { plan: PLANS.full, parts: ['single', 'bodies', 'cluster', 'day'] }],
  [['--quick', '--only', 'sides'], { plan: PLANS.quick, parts: ['sides'] }],
  [['--against', 'main'], { against: 'main', parts: ['costs', 'day'] }],
  [['--quick', '--against', 'main', '--only', 'bodies'], { against: 'main', parts: ['bodies'] }],
  [['--users', '10000000'], { users: 10_000_000, parts: [] }],
])('%j is understood', (args, expected) => {
  expect(runOf(args)).toMatchObject(expected)
})

test.each([
  [['--fast']],
  [['quick']],
  [['--quick', '--smoke']],
  [['--only']],
  [['--only', 'nothing']],
  [['--only', 'costs']],
  [['--against']],
  [['--against', 'main', '--only', 'cluster']],
  [['--users', '0']],
  [['--users', '150']],
  [['--users', '20000000']],
  [['--users', '1e6']],
  [['--users', '1000', '--only', 'day']],
  [['--users', '1000', '--against', 'main']],
])('%j is not taken', (args) => {
  expect(runOf(args)).toBeUndefined()
})
