// The embedded adapters under the contracts of their ports, and what only they promise.
import { expect, test } from 'vitest'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbSnapshotStore } from '../../src/adapters/lmdb/lmdb-snapshot-store.ts'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import { temporaryFolder } from '../support/folders.ts'
import { actionLogContract } from './action-log.contract.ts'
import { snapshotStoreContract } from './snapshot-store.contract.ts'
import { streamStoreContract } from './stream-store.contract.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }

actionLogContract('LMDB', temporaryFolder, async (place) => new LmdbActionLog(place, identity))
snapshotStoreContract('LMDB', temporaryFolder, async (place) => new LmdbSnapshotStore(place, identity))
streamStoreContract('LMDB', temporaryFolder, async (place) => new LmdbStreamStore(place, identity))

test('a folder made with another number of shards is refused, and the message says which', async () => {
  const folder = temporaryFolder()
  await new LmdbActionLog(folder, identity).close()
  expect(() => new LmdbActionLog(folder, { ...identity, shards: 8 })).toThrow(/shards is 4, wanted 8/)
  const streams = temporaryFolder()
  await new LmdbStreamStore(streams, identity).close()
  expect(() => new LmdbStreamStore(streams, { ...identity, shards: 8 })).toThrow(/shards is 4, wanted 8/)
})

test('large records are not kept in memory for followers: they read them from the disk, in order', async () => {
  const log = new LmdbActionLog(temporaryFolder(), identity)
  for (let index = 0; index < 5; index++) {
    await log.append([{ shard: 0, payload: Buffer.alloc(3_000_000, index), decoded: index }])
  }
  const stop = new AbortController()
  const followed: LogRecord[] = []
  for await (const records of log.follow(0, 0, stop.signal)) {
    // Copied: what is decoded is handed on once, and is gone when the follower comes back for more.
    followed.push(...records.map((record) => ({ ...record })))
    if (followed.length === 5) stop.abort()
  }
  await log.close()
  expect(followed.map(({ payload }) => payload[0])).toEqual([0, 1, 2, 3, 4])
  // What comes from memory comes decoded.
  expect(followed.map(({ decoded }) => decoded)).toEqual([undefined, undefined, undefined, undefined, 4])
})
