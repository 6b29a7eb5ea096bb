import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import { emptyLifecycleState, type LifecycleState } from '../../../src/lifecycle/lifecycle-state.ts'
import { readLifecycleState } from '../../../src/profile/lifecycle-state-view.ts'

const compiled = compileDefinition(`
version: 1
features: {}
lifecycle:
  initial: new
  transitions: [{ from: new, to: dormant, after: 1s }, { from: dormant, to: returning, on: "*" }]
rules:
  early: { on: { stage: dormant }, badge: true }
  late: { on: { stage: returning }, badge: true }
`)
if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
const { definition } = compiled

/** New at 1 s, dormant at 2 s, returning at 3 s. */
const standing: LifecycleState = {
  ...emptyLifecycleState(),
  stage: 2,
  stageSince: 3_000,
  history: [0, 1_000, 1, 2_000],
  badges: [0, 2_000, 1, 3_000],
}
const second = (count: number) => `1970-01-01T00:00:0${count}.000Z`

test('shows the present stage with those before it, and every badge', () => {
  expect(readLifecycleState(definition, standing, 3_000)).toEqual({
    stage: {
      name: 'returning',
      since: second(3),
      history: [
        { name: 'new', since: second(1) },
        { name: 'dormant', since: second(2) },
      ],
    },
    badges: [
      { name: 'early', at: second(2) },
      { name: 'late', at: second(3) },
    ],
  })
})

test('leaves out what happened after the instant that is asked for', () => {
  expect(readLifecycleState(definition, standing, 2_999)).toEqual({
    stage: { name: 'dormant', since: second(2), history: [{ name: 'new', since: second(1) }] },
    badges: [{ name: 'early', at: second(2) }],
  })
})

test('shows the oldest stage that is remembered where the history does not reach back to the instant', () => {
  expect(readLifecycleState(definition, { ...standing, history: [1, 2_000] }, 1_500)).toMatchObject({
    stage: { name: 'dormant', since: second(2), history: [] },
  })
})
