import { expect, onTestFinished, test, vi } from 'vitest'
import { Publisher } from '../../../actors/publishing/publisher.ts'
import { LIMITS } from '../../../src/limits.ts'
import type { Logger } from '../../../src/runtime/logger.ts'
import type { Publication, StreamStore } from '../../../src/streams/stream-store.ts'
import { openLocalEngine } from '../../support/local-engine.ts'

const publication = (sequence: number): Publication => ({
  shard: 0,
  sequence,
  refused: [],
  entries: new Map(),
})

/** A stream store whose publications wait until they are let go, or refused. */
function slowStore() {
  const calls: { sequences: number[]; pass(): void; refuse(): void }[] = []
  const store = {
    flushes: 0,
    published: () => 0,
    publish: (publications: readonly Publication[]) =>
      new Promise<void>((resolve, reject) => {
        const sequences = publications.map(({ sequence }) => sequence)
        calls.push({ sequences, pass: resolve, refuse: () => reject(new Error('no space left')) })
      }),
    async flushed() {
      store.flushes++
    },
  }
  const logged: string[] = []
  const logger = { info: () => {}, warn: (message: string) => logged.push(message) } as unknown as Logger
  return { calls, store, logged, publisher: new Publisher(store as unknown as StreamStore, logger) }
}

const called = async (calls: unknown[], times: number) => expect.poll(() => calls.length).toBe(times)

test('what comes while a publication is on its way shares the next one', async () => {
  const { calls, publisher } = slowStore()
  for (const sequence of [1, 2, 3]) publisher.publish(publication(sequence))
  calls[0]!.pass()
  await called(calls, 2)
  calls[1]!.pass()
  await publisher.drain()
  expect(calls.map(({ sequences }) => sequences)).toEqual([[1], [2, 3]])
})

test('a refused publication is tried again, in its place, and is told once', async () => {
  const { calls, publisher, logged } = slowStore()
  publisher.publish(publication(1))
  publisher.publish(publication(2))
  calls[0]!.refuse()
  await called(calls, 2)
  calls[1]!.refuse()
  await called(calls, 3)
  calls[2]!.pass()
  await called(calls, 4)
  calls[3]!.pass()
  await publisher.drain()
  expect(calls.map(({ sequences }) => sequences)).toEqual([[1], [1], [1], [2]])
  expect(logged).toEqual(['streams could not be written yet'])
})

test('what comes in the moment in which nothing was left is published too, and a flush waits for it', async () => {
  const published: number[] = []
  const store = {
    publish: async (publications: readonly Publication[]) => {
      published.push(...publications.map(({ sequence }) => sequence))
    },
    flushed: async () => {},
  } as unknown as StreamStore
  for (let turns = 0; turns < 8; turns++) {
    published.length = 0
    const publisher = new Publisher(store, {} as Logger)
    publisher.publish(publication(1))
    for (let turn = 0; turn < turns; turn++) await undefined
    publisher.publish(publication(2))
    await publisher.flush()
    expect(published).toEqual([1, 2])
  }
})

test('a flush waits until everything taken before it is published', async () => {
  const { calls, publisher, store } = slowStore()
  publisher.publish(publication(1))
  publisher.publish(publication(2))
  const flushed = publisher.flush()
  calls[0]!.pass()
  await called(calls, 2)
  expect(store.flushes).toBe(0)
  calls[1]!.pass()
  await flushed
  expect(store.flushes).toBe(1)
})

test('once stopped, what is still refused is given up, and no profile may be saved as if it were published', async () => {
  const { calls, publisher } = slowStore()
  publisher.publish(publication(1))
  publisher.stop()
  calls[0]!.refuse()
  await publisher.drain()
  await expect(publisher.flush()).rejects.toThrow('before all was published')
})

test('what is on its way takes room until it is published, actions as long as their record', async () => {
  const { calls, publisher } = slowStore()
  const half = LIMITS.unpublishedTextMax / 2
  publisher.publish({ ...publication(1), actions: [], bytes: half })
  await called(calls, 1)
  expect(publisher.hasRoom).toBe(true)
  const entry = { id: '2', userId: 'u', data: 'x'.repeat(100) }
  publisher.publish({
    ...publication(2),
    actions: [],
    bytes: half - 100,
    entries: new Map([['rewards', [entry]]]),
  })
  expect(publisher.hasRoom).toBe(false)
  calls[0]!.pass()
  await called(calls, 2)
  expect(publisher.hasRoom).toBe(true)
  publisher.publish({ ...publication(3), actions: [], bytes: half })
  expect(publisher.hasRoom).toBe(false)
  calls[1]!.pass()
  await called(calls, 3)
  calls[2]!.pass()
  await publisher.drain()
  expect(publisher.hasRoom).toBe(true)
})

test('records on their way take room until they are published', async () => {
  const { calls, publisher } = slowStore()
  for (let sequence = 1; sequence <= LIMITS.unpublishedRecordsMax; sequence++) {
    publisher.publish(publication(sequence))
  }
  expect(publisher.hasRoom).toBe(false)
  calls[0]!.pass()
  await called(calls, 2)
  expect(publisher.hasRoom).toBe(true)
  calls[1]!.pass()
  await publisher.drain()
})

test('the actions of a record come with its length in the log, where the store takes them', async () => {
  const published: Publication[] = []
  const { send } = await openLocalEngine({
    streams: () => ({
      takesActions: true,
      publish: async (publications) => void published.push(...publications),
    }),
  })
  await send([{ userId: 'u', action: 'a', properties: { note: 'x'.repeat(2_000) } }])
  await expect.poll(() => published.length).toBe(1)
  expect(published[0]!.actions).toHaveLength(1)
  expect(published[0]!.bytes).toBeGreaterThan(2_000)
})

test('a flush does not wait for what is taken after it', async () => {
  const { calls, publisher, store } = slowStore()
  publisher.publish(publication(1))
  const flushed = publisher.flush()
  publisher.publish(publication(2))
  calls[0]!.pass()
  await flushed
  expect(store.flushes).toBe(1)
  await called(calls, 2)
})

test('actions wait for more to share a message with, until there is an entry or somebody waits', async () => {
  const { calls, publisher, store } = slowStore()
  Object.assign(store, { takesActions: true })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const entry = { id: '4', userId: 'u', data: '{}' }
  publisher.publish(publication(1))
  await turn()
  calls[0]!.pass()
  await turn()
  publisher.publish(publication(2))
  await turn()
  publisher.publish(publication(3))
  await turn()
  expect(calls).toHaveLength(1)
  publisher.publish({ ...publication(4), entries: new Map([['rewards', [entry]]]) })
  await turn()
  calls[1]!.pass()
  await turn()
  publisher.publish(publication(5))
  const drained = publisher.drain()
  await turn()
  calls[2]!.pass()
  await drained
  publisher.publish(publication(6))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(calls.map(({ sequences }) => sequences)).toEqual([[1], [2, 3, 4], [5], [6]])
})
