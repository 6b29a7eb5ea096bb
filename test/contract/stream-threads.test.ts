// The embedded stream store between threads, as the engine uses it.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import { temporaryFolder } from '../support/folders.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }
const RECORDS = 1_500

/** A thread that has the store open and publishes once it is started. */
async function publisher(place: string, shard: number, records: number) {
  const go = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('./stream-publisher.ts', import.meta.url), {
    workerData: { place, identity, shard, records, go },
  })
  await once(worker, 'message')
  return { worker, go }
}

function start(go: Int32Array): void {
  Atomics.store(go, 0, 1)
  Atomics.notify(go, 0)
}

test('what another thread published is seen within the turn in which less was seen before', async () => {
  const place = temporaryFolder()
  const store = new LmdbStreamStore(place, identity)
  const { worker, go } = await publisher(place, 1, 3)
  const exit = once(worker, 'exit')
  expect([store.head(), store.read('s', 0, 9), store.published(1)]).toEqual([0, [], 0])
  start(go)
  // Keeps this thread in its turn.
  Atomics.wait(go, 0, 1)
  expect([store.read('s', 0, 9).length, store.published(1)]).toEqual([3, 3])
  expect(store.head()).toBeGreaterThanOrEqual(3)
  await exit
  await store.close()
})

test('two threads publish at once and a third, reading on from what it has seen, misses and repeats nothing', async () => {
  const place = temporaryFolder()
  const store = new LmdbStreamStore(place, identity)
  const workers = await Promise.all([1, 2].map((shard) => publisher(place, shard, RECORDS)))
  const ended = Promise.all(workers.map(({ worker }) => once(worker, 'exit')))
  for (const { go } of workers) start(go)
  let wake = () => {}
  for (const stream of ['s', 'actions']) store.onPublished(stream, () => wake())
  const seen = { s: [] as string[], actions: [] as string[] }
  const last = { s: 0, actions: 0 }
  const take = (stream: 's' | 'actions') => {
    const items = store.read(stream, last[stream], 10)
    for (const { number, shard, sequence } of items) {
      expect(number).toBeGreaterThan(last[stream])
      last[stream] = number
      seen[stream].push(`${shard}.${sequence}`)
    }
    return items.length
  }
  while (seen.s.length + seen.actions.length < 4 * RECORDS) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    if (take('s') + take('actions') === 0) await woken
    else await new Promise(setImmediate)
  }
  expect((await ended).map(([code]) => code)).toEqual([0, 0])
  const expected = [1, 2].flatMap((shard) => Array.from({ length: RECORDS }, (_, at) => `${shard}.${at + 1}`))
  for (const stream of ['s', 'actions'] as const) {
    expect([take(stream), seen[stream].toSorted()]).toEqual([0, expected.toSorted()])
    for (const shard of [1, 2]) {
      const ofShard = seen[stream].filter((id) => id.startsWith(`${shard}.`))
      expect(ofShard).toEqual(expected.filter((id) => id.startsWith(`${shard}.`)))
    }
  }
  expect([store.published(1), store.published(2)]).toEqual([RECORDS, RECORDS])
  await store.close()
})
