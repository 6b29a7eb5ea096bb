import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LmdbActionLog } from '../../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbStreamStore } from '../../../src/adapters/lmdb/lmdb-stream-store.ts'
import { PulseprintError } from '../../../src/errors.ts'
import { temporaryFolder } from '../../support/folders.ts'
import { RetainedShards } from '../../support/retained-shards.ts'

const HOUR_MS = 3_600_000

function opened() {
  const folder = temporaryFolder()
  const identity = { format: 1, shards: 2, hashVersion: 1 }
  const log = new LmdbActionLog(join(folder, 'log'), identity)
  const streams = new LmdbStreamStore(join(folder, 'streams'), identity)
  onTestFinished(async () => {
    await streams.close()
    await log.close()
  })
  return { log, streams, shards: new RetainedShards(log, streams) }
}

test('without an age and a size everything is kept, and nothing is looked at', async () => {
  const { shards } = opened()
  const never = () => {
    throw new Error('it was looked at')
  }
  await shards.append(0)
  shards.retain({}, { committed: never })
  shards.clock.advance(1_000 * HOUR_MS)
  expect(await shards.held(0)).toHaveLength(1)
  expect(shards.logged).toEqual([])
})

test('more records than one round looks at go in the rounds of the next seconds', async () => {
  const { shards } = opened()
  shards.retain({ ageMs: HOUR_MS })
  await shards.append(0, 10, 5_000)
  await shards.pass(60)
  await shards.append(0)
  expect(await shards.held(0)).toHaveLength(5_001)
  await shards.step(60_000)
  expect(await shards.held(0)).toHaveLength(3_001)
  await shards.step(1_000, 1)
  expect(await shards.held(0)).toHaveLength(1_001)
  await shards.step(1_000, 1)
  expect(await shards.held(0)).toHaveLength(1)
})

test('where a store refuses that is told, and the next round does it', async () => {
  const { log, streams, shards } = opened()
  let refused = 0
  const refuse = () => {
    refused += 1
    throw new PulseprintError('STORAGE_UNAVAILABLE', 'not now')
  }
  const refusingLog = {
    follow: log.follow.bind(log),
    tail: log.tail.bind(log),
    bytes: log.bytes.bind(log),
    trim: async (shard: number, sequence: number) => (refused === 3 ? log.trim(shard, sequence) : refuse()),
  }
  shards.retain(
    { ageMs: HOUR_MS },
    {
      log: refusingLog,
      streams: {
        trim: async (shard, sequence) => (refused === 0 ? refuse() : streams.trim(shard, sequence)),
      },
    },
  )
  await shards.append(0)
  await shards.pass(61, () => shards.append(0))
  expect([refused, (await shards.held(0)).length]).toEqual([1, 62])
  await shards.pass(2)
  expect([refused, (await shards.held(0)).length]).toEqual([3, 62])
  // What subscribers are told has gone may still be in the log; the other way round they would be
  // told too late.
  expect(await shards.inStream('actions', 0)).toHaveLength(58)
  await shards.pass(1)
  expect(await shards.held(0)).toHaveLength(57)
  expect(shards.logged.map(({ message, facts }) => [message, facts?.shard])).toEqual(
    Array.from({ length: 3 }, () => ['the log could not be trimmed', 0]),
  )
})

test('no item of `actions` is held without its record, however far behind another shard is', async () => {
  const { log, streams, shards } = opened()
  shards.retain({ ageMs: HOUR_MS })
  const check = async () => {
    const items = streams.read('actions', 0, 10_000)
    for (const { shard, sequence } of items) expect(log.get(shard, sequence)).toBeDefined()
    return items.length
  }
  for (let round = 0; round < 12; round++) {
    await shards.pass(10, async () => {
      await shards.append(0)
      await shards.append(1)
      await shards.tick(0)
      // Its snapshots are not saved.
      if (round < 9) shards.committed[1] = 0
    })
    await check()
  }
  expect(await check()).toBe(120)
  expect(await shards.held(0)).toHaveLength(120)
  expect(await shards.held(1)).toHaveLength(60)
})

test('of a shard in which only time passes any more all goes but the newest record', async () => {
  const { shards } = opened()
  shards.retain({ ageMs: HOUR_MS })
  await shards.append(0)
  await shards.append(1)
  await shards.pass(30, () => shards.tick(0))
  await shards.pass(60)
  expect([await shards.held(0), await shards.held(1)]).toEqual([[61], [90]])
  expect(await shards.inStream('rewards', 0)).toEqual([])
})

test('a stopped shard has dropped what it had begun to drop, and drops no more', async () => {
  const { streams, shards } = opened()
  let trim = () => {}
  const trimming = new Promise<void>((resolve) => {
    trim = resolve
  })
  let begun = 0
  shards.retain(
    { ageMs: HOUR_MS },
    {
      streams: {
        async trim(shard, sequence) {
          begun += 1
          await trimming
          return streams.trim(shard, sequence)
        },
      },
    },
  )
  await shards.append(0)
  await shards.append(0)
  await shards.pass(60)
  shards.clock.advance(60_000)
  await expect.poll(() => begun).toBe(1)
  const stopped = shards.stop()
  trim()
  await stopped
  expect(await shards.held(0)).toHaveLength(1)
  await shards.append(0)
  shards.clock.advance(10 * HOUR_MS)
  expect([begun, (await shards.held(0)).length]).toEqual([1, 2])
})
