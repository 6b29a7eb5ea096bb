// What each stream store does in its own way when it is trimmed: LMDB lets items go in the order of
// their numbers, JetStream keeps beside them up to where they went.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import type { Publication } from '../../src/streams/stream-store.ts'
import { temporaryFolder } from '../support/folders.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, identity, newPrefix, openStreams } from '../support/nats-stores.ts'

const STREAMS = ['s', 't', 'u']

function publication(shard: number, sequence: number, streams = STREAMS, data = '{}'): Publication {
  const entries = streams.map(
    (stream) => [stream, [{ id: `${shard}.${sequence}`, userId: 'u', data }]] as const,
  )
  return { shard, sequence, refused: [], actions: [], entries: new Map(entries) }
}

describe('on LMDB', () => {
  const open = () => {
    const store = new LmdbStreamStore(temporaryFolder(), identity)
    onTestFinished(() => store.close())
    return store
  }

  test('items wait for older ones of other shards, and so must the log that `actions` is read from', async () => {
    const store = open()
    for (let sequence = 1; sequence <= 3; sequence++)
      for (const shard of [0, 1]) await store.publish([publication(shard, sequence)])
    expect(await store.trim(1, 3)).toBe(0)
    expect(store.read('actions', 0, 9)).toHaveLength(6)
    expect(await store.trim(0, 2)).toBe(2)
    expect(store.read('actions', 0, 9).map(({ shard, sequence }) => [shard, sequence])).toEqual([
      [0, 3],
      [1, 3],
    ])
    expect(await store.trim(1, 3)).toBe(2)
    expect(await store.trim(0, 3)).toBe(3)
    expect(await store.trim(1, 3)).toBe(3)
    for (const stream of ['actions', ...STREAMS]) expect(store.read(stream, 0, 9)).toEqual([])
  })

  test('many and large items go in many transactions, all of them', async () => {
    const store = open()
    for (let sequence = 1; sequence <= 900; sequence++) await store.publish([publication(0, sequence, ['s'])])
    const data = 'x'.repeat(200_000)
    for (let sequence = 901; sequence <= 910; sequence++)
      await store.publish([publication(0, sequence, ['s'], data)])
    expect(await store.trim(0, 909)).toBe(909)
    for (const stream of ['actions', 's'])
      expect(store.read(stream, 0, 9).map(({ sequence }) => sequence)).toEqual([910])
  })
})

describe('on JetStream', () => {
  let nats: NatsServers
  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(() => nats.stop())

  test('owners who trim their shards at a time all tell the truth about each stream', async () => {
    const prefix = newPrefix()
    const stores = await Promise.all([0, 1, 2, 3].map(async () => openStreams(await connectTo(nats), prefix)))
    for (let sequence = 1; sequence <= 20; sequence++)
      await stores[0]!.publish([0, 1, 2, 3].map((shard) => publication(shard, sequence)))
    await Promise.all(stores.map((store, shard) => store.trim(shard, 10 + shard)))
    for (const stream of STREAMS) {
      const held = await stores[0]!.read(stream, 0, 99)
      expect(held).toHaveLength(10 + 9 + 8 + 7)
      // Of shard 3 the most was dropped: where the item before its first one was.
      const gone = held.find(({ shard, sequence }) => shard === 2 && sequence === 13)!.number + STREAMS.length
      expect([
        await stores[1]!.hasDropped(stream, gone - 1),
        await stores[2]!.hasDropped(stream, gone),
      ]).toEqual([true, false])
    }
  })

  test('what an older owner trims late takes nothing back', async () => {
    const prefix = newPrefix()
    const [owner, older] = await Promise.all(
      [0, 1].map(async () => openStreams(await connectTo(nats), prefix)),
    )
    for (let sequence = 1; sequence <= 9; sequence++) await owner!.publish([publication(0, sequence, ['s'])])
    await owner!.trim(0, 6)
    await older!.trim(0, 3)
    expect(await owner!.hasDropped('s', 5)).toBe(true)
    expect((await owner!.read('s', 0, 9)).map(({ sequence }) => sequence)).toEqual([7, 8, 9])
  })

  test('who comes back to a stream that has lost all its items is not told that it missed none', async () => {
    const store = await openStreams(await connectTo(nats), newPrefix())
    for (let sequence = 1; sequence <= 5; sequence++) await store.publish([publication(0, sequence, ['s'])])
    await store.publish([publication(0, 6, ['t'])])
    await store.trim(0, 6)
    const end = store.onPublished('s', () => {})
    onTestFinished(end)
    const woken = new Promise<void>((resolve) => onTestFinished(store.onPublished('s', resolve)))
    await woken
    expect(await store.read('s', 0, 9)).toEqual([])
    expect([await store.hasDropped('s', 2), await store.hasDropped('s', await store.head())]).toEqual([
      true,
      false,
    ])
    await store.publish([publication(0, 7, ['s'])])
    await expect.poll(async () => (await store.read('s', 0, 9)).map(({ sequence }) => sequence)).toEqual([7])
  })
})
