// The embedded log between threads: each appends to its own shards, any reads all.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'
import { temporaryFolder } from '../support/folders.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }

test('a record that another thread appended is found within the turn in which it was not there before', async () => {
  const place = temporaryFolder()
  const log = new LmdbActionLog(place, identity)
  const go = new Int32Array(new SharedArrayBuffer(4))
  const workerData = { place, identity, shard: 1, go }
  const worker = new Worker(new URL('./log-appender.ts', import.meta.url), { workerData })
  const exit = once(worker, 'exit')
  await once(worker, 'message')
  expect(log.get(1, 1)).toBeUndefined()
  Atomics.store(go, 0, 1)
  Atomics.notify(go, 0)
  // Keeps this thread in its turn.
  Atomics.wait(go, 0, 1)
  expect(log.get(1, 1)?.payload.toString()).toBe('one')
  await exit
  await log.close()
})
