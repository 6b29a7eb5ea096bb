// A thread of the test in stream-threads.test.ts: publishes records of its own shard, several in a call.
import { parentPort, workerData } from 'node:worker_threads'
import { LmdbStreamStore } from '../../src/streams/lmdb-stream-store.ts'
import type { Publication } from '../../src/streams/stream-store.ts'

const { place, identity, shard, records } = workerData
const store = new LmdbStreamStore(place, identity)
for (let sequence = 1; sequence <= records; ) {
  const publications: Publication[] = []
  for (const last = Math.min(records, sequence + (sequence % 4)); sequence <= last; sequence++) {
    const entries = new Map([['s', [{ id: `${shard}.${sequence}`, userId: 'u', data: '{}' }]]])
    publications.push({ shard, sequence, refused: [], entries })
  }
  await store.publish(publications)
}
await store.flushed()
await store.close()
parentPort!.postMessage('done')
