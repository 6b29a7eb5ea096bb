import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import { OUTCOME } from '../../../src/ingest/batch.ts'
import { LIMITS } from '../../../src/limits.ts'
import { readDayCounts } from '../../../src/profile/counts-view.ts'
import { Fold } from '../../../src/profile/fold.ts'
import { emptyProfile, LIST, listOf, type Profile } from '../../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../../src/profile/profile-codec.ts'

const PLACE = { shard: 0, sequence: 1, position: 0 }
const RECEIVED_AT = Date.parse('2026-11-20T09:30:00.400Z')
const HOUR_MS = 3_600_000

function definitionIn(timezone: string) {
  const text = `version: 1\ntimezone: ${timezone}\nidempotencyWindow: 1h\nlatenessLimit: 30d\nfeatures: { days: { aggregate: count, window: 7d } }`
  const compiled = compileDefinition(text)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}
const definition = definitionIn('UTC')

function take(
  profile: Profile,
  id: string,
  fields: { at?: number; receivedAt?: number; name?: string } = {},
) {
  const { at = RECEIVED_AT, receivedAt = RECEIVED_AT, name = 'a' } = fields
  const action = { id, user: 'u', action: name, occurredAt: at, properties: {} }
  return new Fold(definition).apply(profile, action, PLACE, receivedAt, [])
}

test('an action at the epoch survives storing west of Greenwich, where it falls into 1969', () => {
  const western = definitionIn('America/New_York')
  const profile = emptyProfile(western)
  const action = { id: 'i', user: 'u', action: 'a', occurredAt: 0, properties: {} }
  new Fold(western).apply(profile, action, PLACE, RECEIVED_AT, [])
  const stored = decodeProfile(western, encodeProfile(western, profile))
  expect(encodeProfile(western, stored)).toEqual(encodeProfile(western, profile))
  expect(readDayCounts(western, stored, {}).counts).toEqual([{ date: '1969-12-31', count: 1 }])
})

test('an id counts again once it is older than the idempotency window, to the second', () => {
  const profile = emptyProfile(definition)
  expect(take(profile, 'i')).toBe(OUTCOME.accepted)
  expect(take(profile, 'i', { receivedAt: RECEIVED_AT + HOUR_MS })).toBe(OUTCOME.duplicate)
  expect(take(profile, 'i', { receivedAt: RECEIVED_AT + HOUR_MS + 1_000 })).toBe(OUTCOME.accepted)
})

test('the newest ids are remembered up to the bound, and the memory stays bounded', () => {
  const profile = emptyProfile(definition)
  const taken = LIMITS.rememberedIdsMax * 3
  for (let index = 0; index < taken; index++) take(profile, `i${index}`)
  const again = (index: number) => take(structuredClone(profile), `i${index}`)
  expect(again(taken - LIMITS.rememberedIdsMax)).toBe(OUTCOME.duplicate)
  expect(again(0)).toBe(OUTCOME.accepted)
  expect(listOf(definition, profile, LIST.remembered).length).toBeLessThan(LIMITS.rememberedIdsMax * 2.5)
})

test('exactly at the lateness limit an action still counts, a millisecond before it is too late', () => {
  const profile = emptyProfile(definition)
  take(profile, 'now')
  const limit = RECEIVED_AT - definition.latenessLimitMs
  const before = structuredClone(profile)
  expect(take(profile, 'late', { at: limit - 1 })).toBe(OUTCOME.tooLate)
  expect(profile).toEqual(before)
  expect(take(profile, 'late', { at: limit })).toBe(OUTCOME.accepted)
})

test('the timeline keeps the newest actions up to its bound', () => {
  const profile = emptyProfile(definition)
  const fold = new Fold(definition)
  for (let index = 0; index < LIMITS.timelineLengthMax + 5; index++) {
    const action = { id: `i${index}`, user: 'u', action: 'a', occurredAt: RECEIVED_AT, properties: {} }
    fold.apply(profile, action, { shard: 0, sequence: index + 1, position: index % 3 }, RECEIVED_AT, [])
  }
  const timeline = listOf(definition, profile, LIST.timeline)
  expect(timeline).toHaveLength(LIMITS.timelineLengthMax * 2)
  expect(timeline.slice(0, 2)).toEqual([6, 5 % 3])
})

test('kinds of actions past the bound are counted together under *', () => {
  const profile = emptyProfile(definition)
  for (let index = 0; index < LIMITS.countNamesMax + 9; index++)
    take(profile, `i${index}`, { name: `a${index}` })
  const total = (action?: string) =>
    readDayCounts(definition, profile, action === undefined ? {} : { action }).total
  expect(total()).toBe(LIMITS.countNamesMax + 9)
  expect([total('a0'), total('*'), total(`a${LIMITS.countNamesMax}`)]).toEqual([1, 10, null])
})
