// The embedded stream store between threads, as the engine uses it.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { LmdbStreamStore } from '../../src/streams/lmdb-stream-store.ts'
import { temporaryFolder } from '../support/folders.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }
const RECORDS = 1_500

test('two threads publish at once and a third, reading on from what it has seen, misses and repeats nothing', async () => {
  const place = temporaryFolder()
  const store = new LmdbStreamStore(place, identity)
  const workers = [1, 2].map(
    (shard) =>
      new Worker(new URL('./stream-publisher.ts', import.meta.url), {
        workerData: { place, identity, shard, records: RECORDS },
      }),
  )
  const ended = Promise.all(workers.map((worker) => once(worker, 'exit')))
  let wake = () => {}
  store.onPublished(() => wake())
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
