import { expect, test } from 'vitest'
import { AppliedWatermark } from '../../../actors/shard/applied-watermark.ts'
import { OUTCOME } from '../../../src/ingest/batch.ts'

test('who waits is told when the sequence is applied, not before', async () => {
  const log = new AppliedWatermark(4)
  const told: number[] = []
  for (const sequence of [7, 5, 6]) void log.reach(sequence).then(() => told.push(sequence))
  await log.reach(4)
  log.advance(6, { outcomes: [], effects: [] })
  await log.reach(6)
  expect([told, log.waiting]).toEqual([[5, 6], 1])
})

test('who gives up is forgotten, so that asking for what never comes takes no memory', () => {
  const log = new AppliedWatermark(0)
  const givenUp = new AbortController()
  void log.reach(Number.MAX_SAFE_INTEGER, givenUp.signal)
  void log.reach(1)
  expect(log.waiting).toBe(2)
  givenUp.abort()
  expect(log.waiting).toBe(1)
})

test('what became of a record is kept while somebody is about to ask, and nothing of its actions', () => {
  const log = new AppliedWatermark(0)
  const record = { outcomes: [OUTCOME.accepted], effects: [], actions: ['megabytes'] }
  log.advance(1, record)
  expect(() => log.recordOf(1)).toThrow('no longer known')
  const [one, other] = [log.expect(), log.expect()]
  log.advance(2, record)
  one()
  expect(log.recordOf(2)).toEqual({ outcomes: [OUTCOME.accepted], effects: [] })
  other()
  expect(() => log.recordOf(2)).toThrow('no longer known')
})

test('all who wait are told of a failure', async () => {
  const log = new AppliedWatermark(0)
  const waiting = [log.reach(1), log.reach(2)]
  log.fail(new Error('torn page'))
  for (const reached of waiting) await expect(reached).rejects.toThrow('torn page')
  expect(log.waiting).toBe(0)
})
