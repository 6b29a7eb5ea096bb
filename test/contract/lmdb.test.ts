// The embedded adapters under the contracts of their ports, and what only they promise.
import { expect, test } from 'vitest'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbSnapshotStore } from '../../src/adapters/lmdb/lmdb-snapshot-store.ts'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import { LIMITS } from '../../src/limits.ts'
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

test('a follower that falls behind reads from the disk what is not kept in memory, in order', async () => {
  const log = new LmdbActionLog(temporaryFolder(), identity)
  const stop = new AbortController()
  const follower = log.follow(0, 0, stop.signal)[Symbol.asyncIterator]()
  const payload = (index: number) => Buffer.alloc(LIMITS.recentRecordBytesMax / 8, index)
  await log.append([{ shard: 0, payload: payload(0), decoded: 0 }])
  const followed = [...(await follower.next()).value!]
  for (let index = 1; index < 12; index++) {
    await log.append([{ shard: 0, payload: payload(index), decoded: index }])
  }
  while (followed.length < 12) followed.push(...((await follower.next()).value as LogRecord[]))
  stop.abort()
  await follower.return?.(undefined)
  await log.close()
  expect(followed.map((record) => record.payload[0])).toEqual(followed.map((_, index) => index))
  // What comes from memory comes decoded.
  const read = followed.map(({ decoded }) => decoded)
  expect([read[0], read[1], read[11]]).toEqual([undefined, undefined, 11])
})
