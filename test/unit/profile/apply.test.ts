import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import type { Definition } from '../../../src/definition/definition.ts'
import { OUTCOME } from '../../../src/ingest/batch.ts'
import { Fold } from '../../../src/profile/fold.ts'
import { emptyProfile } from '../../../src/profile/profile.ts'

const DAY = 86_400_000

function definition(): Definition {
  const compiled = compileDefinition(
    'version: 1\nlatenessLimit: 10d\nfeatures: { n: { aggregate: count } }\n',
  )
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

const action = (id: string, day: number) => ({
  id,
  user: 'u',
  action: 'buy',
  occurredAt: day * DAY,
  properties: {},
})

test('an accepted action that is sent again is a duplicate, also when it would be too late by now', () => {
  const compiled = definition()
  const profile = emptyProfile(compiled)
  const outcomes = [action('a', 100), action('b', 200), action('a', 100), action('c', 100)].map(
    (each, position) => new Fold(compiled).apply(profile, each, { shard: 0, sequence: 1, position }, 0, []),
  )
  expect(outcomes).toEqual([OUTCOME.accepted, OUTCOME.accepted, OUTCOME.duplicate, OUTCOME.tooLate])
})

test('an action that came too late is not remembered: it stays too late, never a duplicate', () => {
  const compiled = definition()
  const profile = emptyProfile(compiled)
  const outcomes = [action('a', 200), action('b', 100), action('b', 100)].map((each, position) =>
    new Fold(compiled).apply(profile, each, { shard: 0, sequence: 1, position }, 0, []),
  )
  expect(outcomes).toEqual([OUTCOME.accepted, OUTCOME.tooLate, OUTCOME.tooLate])
})
