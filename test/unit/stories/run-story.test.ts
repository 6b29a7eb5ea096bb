import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import { runStory } from '../../../src/stories/run-story.ts'

const DEFINITION = `version: 1
latenessLimit: 10d
actions:
  earn: { properties: { points: { type: integer, required: true } } }
  spend: { guard: "features.earned - features.spent >= properties.points" }
  "*": {}
features:
  earned: { aggregate: sum, action: earn, of: properties.points }
  spent: { aggregate: sum, action: spend, of: properties.points }
  seen: { aggregate: count, window: day }
lifecycle:
  initial: here
  transitions:
    - { from: here, to: away, after: 3d }
    - { from: away, to: here, on: earn }
rules:
  hello: { on: earn, limit: 1, emit: { stream: s, payload: { had: features.earned } } }
  gone: { on: { stage: away }, badge: true }
tests:
`

/** The differences of the one test with these steps, a line each. */
function differencesOf(...steps: string[]): string[] {
  const compiled = compileDefinition(`${DEFINITION}  t:\n${steps.map((step) => `    - ${step}\n`).join('')}`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const { definition } = compiled
  return runStory(definition, definition.tests[0]!).flatMap(({ line, differences }) =>
    differences.map((text) => `${line - DEFINITION.split('\n').length}: ${text}`),
  )
}

const EARN = 'action: earn, properties: { points: 5 }'

test('what goes as expected has no differences', () => {
  expect(
    differencesOf(
      `{ ${EARN}, expect: { features: { earned: 5, seen: 1 }, stage: here, decisions: [ { rule: hello, payload: { had: 5 } } ] } }`,
      '{ action: spend, properties: { points: 6 }, expect: { receipt: refused } }',
      '{ action: spend, properties: { points: 5 } }',
      '{ after: 1d, expect: { features: { seen: 0 }, decisions: [] } }',
      '{ after: 2d, expect: { stage: away, decisions: [gone] } }',
      `{ ${EARN}, expect: { stage: here, decisions: [] } }`,
    ),
  ).toEqual([])
})

test('each difference is said, at its step', () => {
  expect(
    differencesOf(
      `{ ${EARN}, expect: { features: { earned: 6, seen: 1, spent: 1 }, stage: away, decisions: [] } }`,
      '{ action: spend, properties: { points: 6 } }',
      `{ ${EARN}, expect: { receipt: duplicate } }`,
      '{ after: 3d, expect: { decisions: [hello] } }',
    ),
  ).toEqual([
    '1: features.earned is 5, not 6',
    '1: features.spent is 0, not 1',
    '1: the stage is here, not away',
    '1: the decisions are [hello], not []',
    '2: the action is refused, not accepted',
    '3: the action is accepted, not duplicate',
    '4: the decisions are [gone], not [hello]',
  ])
})

test('a payload is compared where it is given, and shown if it differs', () => {
  expect(
    differencesOf(`{ ${EARN}, expect: { decisions: [ { rule: hello, payload: { had: 6 } } ] } }`),
  ).toEqual(['1: the decisions are [hello {"had":5}], not [hello {"had":6}]'])
})

test('an action without a receipt that is expected must be accepted, and says why it is not', () => {
  expect(
    differencesOf(
      '{ action: earn, properties: { points: many } }',
      `{ late: 1d, ${EARN} }`,
      `{ late: 20d, ${EARN} }`,
    ),
  ).toEqual([
    '1: the action is rejected (/properties/points must be an integer for "earn"), not accepted',
    '3: the action is rejected (it is older than the latenessLimit), not accepted',
  ])
})

test('an id that comes twice is a duplicate for the user, and for nobody else', () => {
  expect(
    differencesOf(
      `{ id: a, ${EARN} }`,
      `{ id: a, ${EARN}, expect: { receipt: duplicate, features: { earned: 5 } } }`,
      `{ id: a, user: other, ${EARN}, expect: { features: { earned: 5 } } }`,
    ),
  ).toEqual([])
})

test('what falls due for another user in between is told at that user’s next step', () => {
  expect(
    differencesOf(
      `{ ${EARN} }`,
      `{ after: 4d, user: other, ${EARN}, expect: { decisions: [hello] } }`,
      '{ expect: { stage: away, decisions: [gone] } }',
      '{ expect: { decisions: [] } }',
    ),
  ).toEqual([])
})

test('a step before the one before it is a mistake of the test', () => {
  expect(differencesOf('{ at: 2020-01-01T00:00:00Z, action: earn, properties: { points: 1 } }')).toEqual([])
  expect(differencesOf('{ at: 2026-03-01T00:00:00Z }', '{ at: 2026-02-01T00:00:00Z }')).toEqual([
    '2: the step is at 2026-02-01T00:00:00.000Z, before the one before it: 2026-03-01T00:00:00.000Z',
  ])
})
