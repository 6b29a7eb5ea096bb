// A thread of the tests in stream-threads.test.ts: publishes records of its own shard, several in a
// call, once `go` is 1, and sets `go` to 2 when all are published.
import { parentPort, workerData } from 'node:worker_threads'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import type { Publication } from '../../src/streams/stream-store.ts'

const { place, identity, shard, records, go } = workerData
const store = new LmdbStreamStore(place, identity)
parentPort!.postMessage('ready')
Atomics.wait(go, 0, 0)
for (let sequence = 1; sequence <= records; ) {
  const publications: Publication[] = []
  for (const last = Math.min(records, sequence + (sequence % 4)); sequence <= last; sequence++) {
    const entries = new Map([['s', [{ id: `${shard}.${sequence}`, userId: 'u', data: '{}' }]]])
    publications.push({ shard, sequence, refused: [], entries })
  }
  await store.publish(publications)
}
Atomics.store(go, 0, 2)
Atomics.notify(go, 0)
await store.flushed()
await store.close()
