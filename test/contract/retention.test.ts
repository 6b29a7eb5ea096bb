// How long the log and the streams are kept, on both storages.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import { temporaryFolder } from '../support/folders.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, identity, newPrefix, openLog, openStreams } from '../support/nats-stores.ts'
import { RetainedShards } from '../support/retained-shards.ts'

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats.stop())

const HOUR_MS = 3_600_000

function onLmdb() {
  const folder = temporaryFolder()
  const log = new LmdbActionLog(join(folder, 'log'), identity)
  const streams = new LmdbStreamStore(join(folder, 'streams'), identity)
  onTestFinished(async () => {
    await streams.close()
    await log.close()
  })
  return { log, streams }
}

async function onJetStream() {
  const prefix = newPrefix()
  return {
    log: await openLog(await connectTo(nats), prefix),
    streams: await openStreams(await connectTo(nats), prefix),
  }
}

describe.each([
  ['LMDB', onLmdb],
  ['JetStream', onJetStream],
])('on %s', (_name, open) => {
  test('what is older than its age goes from the log and the streams, the newest record of a shard aside', async () => {
    const { log, streams } = await open()
    const shards = new RetainedShards(log, streams)
    shards.retain({ ageMs: HOUR_MS })
    const old = await shards.append(1)
    await shards.pass(90, () => shards.append(0))
    expect(await shards.held(0)).toEqual(Array.from({ length: 60 }, (_, at) => 60 - at))
    expect(await shards.held(1)).toEqual([90])
    for (const stream of ['actions', 'rewards']) {
      expect(await shards.inStream(stream, 0)).toHaveLength(60)
      // On JetStream the newest item of a shard tells up to where it is published.
      expect((await shards.inStream(stream, 1)).filter((sequence) => sequence !== old)).toEqual([])
    }
    expect(await streams.published(1)).toBe(old)
    expect(shards.logged).toEqual([])
  })

  test('what profiles do not cover, or only since less than ten minutes, stays whatever its age', async () => {
    const { log, streams } = await open()
    const shards = new RetainedShards(log, streams)
    shards.retain({ ageMs: HOUR_MS })
    const committed: number[] = []
    await shards.pass(100, async () => {
      committed.push(await shards.append(0))
      shards.committed[0] = 0
    })
    expect(await shards.held(0)).toHaveLength(100)
    shards.committed[0] = committed[19]!
    await shards.pass(10)
    expect(await shards.held(0)).toHaveLength(100)
    await shards.pass(1)
    expect(await shards.held(0)).toHaveLength(80)
    expect(await shards.inStream('actions', 0)).toHaveLength(80)
  })

  test('a log that takes too much room drops its oldest records until it fits, and hardly more', async () => {
    const { log, streams } = await open()
    const shards = new RetainedShards(log, streams)
    const bytes = 1_500_000
    await shards.pass(40, () => Promise.all([shards.append(0, 30_000), shards.append(1, 30_000)]))
    expect(await log.bytes()).toBeGreaterThan(1.5 * bytes)
    shards.retain({ bytes })
    await shards.pass(20)
    expect(await log.bytes()).toBeLessThanOrEqual(bytes)
    expect(await log.bytes()).toBeGreaterThan(0.85 * bytes)
    const [one, other] = [await shards.held(0), await shards.held(1)]
    expect(Math.abs(one.length - other.length)).toBeLessThan(5)
    expect(await shards.inStream('actions', 0)).toHaveLength(one.length)
  })

  test('a shard that holds little is not emptied for one that holds much', async () => {
    const { log, streams } = await open()
    const shards = new RetainedShards(log, streams)
    shards.retain({ bytes: 1_000_000 })
    await shards.pass(50, () => Promise.all([shards.append(0, 80_000), shards.append(1, 100)]))
    const [much, little] = [await shards.held(0), await shards.held(1)]
    expect(much.length).toBeLessThan(50)
    expect(little.length).toBeGreaterThanOrEqual(0.8 * much.length)
  })
})
