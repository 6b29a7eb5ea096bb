import { expect, test } from 'vitest'
import { PulseprintError } from '../../../src/errors.ts'
import { Appender } from '../../../src/ingest/appender.ts'
import type { Chunk } from '../../../src/ingest/batch.ts'
import { decodeActions, decodeHeader, encodeChunk } from '../../../src/ingest/records.ts'
import type { ActionLog, AppendEntry } from '../../../src/log/action-log.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'

const NOW = Date.parse('2026-11-20T09:30:00.000Z')

/** A log whose appends wait to be let through, or refused, one by one. */
function heldLog() {
  const held: { entries: readonly AppendEntry[]; pass(): void; refuse(error: Error): void }[] = []
  const arrivals: (() => void)[] = []
  let sequence = 0
  const append = (entries: readonly AppendEntry[]) =>
    new Promise<number[]>((resolve, reject) => {
      held.push({ entries, pass: () => resolve(entries.map(() => ++sequence)), refuse: reject })
      for (const arrived of arrivals.splice(0)) arrived()
    })
  /** The append of that number, once it is there. */
  const at = async (index: number) => {
    while (held.length <= index) await new Promise<void>((resolve) => arrivals.push(resolve))
    return held[index]!
  }
  return { log: { append } as ActionLog, held, at }
}

function chunk(shard: number, ...ids: string[]): Chunk {
  const actions = ids.map((id) => ({ id, user: 'u', action: 'a', occurredAt: NOW, properties: {} }))
  return { shard, count: ids.length, bytes: encodeChunk(actions), actions }
}

const idsOf = ({ payload }: AppendEntry) => decodeActions(payload as Buffer).map(({ id }) => id)

function appenderOn(log: ActionLog) {
  return new Appender(log, new SimulatedClock(NOW), (shard) => shard + 100)
}

test('requests that arrive while an append is on its way share the next one, a record per shard', async () => {
  const { log, held, at } = heldLog()
  const appender = appenderOn(log)
  const first = appender.append([chunk(0, 'a')])
  const one = await at(0)
  const second = appender.append([chunk(1, 'b', 'c'), chunk(0, 'd')])
  const third = appender.append([chunk(1, 'e')])
  one.pass()
  expect(await first).toEqual([{ sequence: 1, offset: 0 }])
  const two = await at(1)
  expect(two.entries.map(({ shard }) => shard)).toEqual([1, 0])
  expect(two.entries.map(idsOf)).toEqual([['b', 'c', 'e'], ['d']])
  expect(decodeHeader(two.entries[0]!.payload as Buffer)).toEqual({
    kind: 'actions',
    receivedAt: NOW,
    epoch: 101,
    count: 3,
  })
  two.pass()
  expect(await second).toEqual([
    { sequence: 2, offset: 0 },
    { sequence: 3, offset: 0 },
  ])
  expect(await third).toEqual([{ sequence: 2, offset: 2 }])
  expect(held).toHaveLength(2)
})

test('what the followers are handed equals what the record says', async () => {
  const { log, at } = heldLog()
  const appender = appenderOn(log)
  const appended = [appender.append([chunk(0, 'a', 'b')]), appender.append([chunk(0, 'c')])]
  const { entries, pass } = await at(0)
  expect(entries[0]!.decoded).toEqual(decodeActions(entries[0]!.payload as Buffer))
  pass()
  await Promise.all(appended)
})

test('a chunk without its actions is decoded by the followers', async () => {
  const { log, at } = heldLog()
  const appender = appenderOn(log)
  const { actions: _left, ...bare } = chunk(0, 'b')
  const appended = appender.append([chunk(0, 'a'), bare, chunk(0, 'c')])
  const { entries, pass } = await at(0)
  expect(entries[0]!.decoded).toBeUndefined()
  expect(idsOf(entries[0]!)).toEqual(['a', 'b', 'c'])
  pass()
  await appended
})

test('a refused append fails every request in it and none behind it, and frees their room', async () => {
  const { log, at } = heldLog()
  const appender = appenderOn(log)
  const refused = [appender.append([chunk(0, 'a')]), appender.append([chunk(1, 'b')])]
  const results = Promise.allSettled(refused)
  const { refuse } = await at(0)
  const later = appender.append([chunk(0, 'c')])
  refuse(new PulseprintError('STORAGE_UNAVAILABLE', 'the disk is full'))
  for (const result of await results) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_UNAVAILABLE' } })
  }
  const next = await at(1)
  expect(next.entries.map(idsOf)).toEqual([['c']])
  next.pass()
  await later
  await appender.drain()
  expect(appender.queuedBytes).toBe(0)
})
