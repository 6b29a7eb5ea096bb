// The NATS adapters under the contracts of their ports on one real server, and what only they
// promise.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { durabilityWarnings } from '../../src/adapters/nats/connection/nats-durability.ts'
import { askedOfStream } from '../../src/adapters/nats/jetstream/jetstream-ask.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import type { Publication } from '../../src/streams/stream-store.ts'
import type { LogLine } from '../support/api.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, newPrefix, openLog, openStreams, SHARDS } from '../support/nats-stores.ts'
import { actionLogContract } from './action-log.contract.ts'
import { streamStoreContract } from './stream-store.contract.ts'

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats.stop())

actionLogContract('JetStream', newPrefix, async (prefix) => openLog(await connectTo(nats), prefix))
streamStoreContract('JetStream', newPrefix, async (prefix) => openStreams(await connectTo(nats), prefix))

const STORAGE_UNAVAILABLE = { code: 'STORAGE_UNAVAILABLE' }

function publication(shard: number, sequence: number): Publication {
  const entries = new Map([['s', [{ id: `${shard}.${sequence}`, userId: 'u', data: '{}' }]]])
  return { shard, sequence, refused: undefined, entries }
}

/**
 * The connection, on which every acknowledgement is lost: what was asked for is done, and a timeout
 * is told.
 */
function deaf(connection: NatsConnection): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (name !== 'request') return typeof member === 'function' ? member.bind(target) : member
      return async (...args: Parameters<NatsConnection['request']>) => {
        const answer = await target.request(...args)
        if (args[0].startsWith('$JS.API')) return answer
        throw new Error('timeout')
      }
    },
  })
}

describe('the log on JetStream', () => {
  test('keeps records that are larger than a message whole, among others, and trims between records', async () => {
    const log = await openLog(await connectTo(nats), newPrefix())
    const sizes = [10, 1_300_000, 20, 3_000_000]
    const entries = sizes.map((size, index) => ({ shard: 0, payload: Buffer.alloc(size, index) }))
    const sequences = [...(await log.append(entries)), ...(await log.append(entries.slice(0, 1)))]
    const stop = new AbortController()
    const found: LogRecord[] = []
    for await (const records of log.follow(0, sequences[0]!, stop.signal)) {
      found.push(...records)
      if (found.length === 4) stop.abort()
    }
    expect(found.map(({ sequence }) => sequence)).toEqual(sequences.slice(1))
    expect(found.map(({ payload }) => payload.length)).toEqual([1_300_000, 20, 3_000_000, 10])
    expect(found[0]!.payload.equals(entries[1]!.payload)).toBe(true)
    // A place inside a record is none of a record.
    expect(await log.get(0, sequences[1]! - 1)).toBeUndefined()
    await log.trim(0, sequences[1]!)
    expect(await log.get(0, sequences[1]!)).toBeUndefined()
    expect((await log.get(0, sequences[3]!))?.payload.length).toBe(3_000_000)
    expect(await log.tail(0)).toBe(sequences[1]! + 1)
  })

  test('follows many large records without having to begin anew', async () => {
    const logged: LogLine[] = []
    const log = await openLog(await connectTo(nats), newPrefix(), {}, logged)
    for (let index = 0; index < 40; index++) {
      await log.append([{ shard: 0, payload: Buffer.alloc(300_000 + index * 1_000, index) }])
    }
    const stop = new AbortController()
    const found: number[] = []
    for await (const records of log.follow(0, 0, stop.signal)) {
      found.push(...records.map(({ payload }) => payload[0]!))
      if (found.length === 40) stop.abort()
    }
    expect(found).toEqual(Array.from({ length: 40 }, (_, index) => index))
    expect(logged).toEqual([])
  })

  test('says that nothing was trimmed where a shard begins late in its stream', async () => {
    const log = await openLog(await connectTo(nats), newPrefix(), { streams: 1 })
    await log.append([{ shard: 0, payload: Buffer.from('of another shard') }])
    const [sequence] = await log.append([{ shard: 1, payload: Buffer.from('first') }])
    expect([sequence, await log.tail(1), await log.head(1), await log.head(2)]).toEqual([2, 1, 2, 0])
    await log.trim(1, 2)
    expect([await log.tail(1), await log.head(1)]).toEqual([2, 2])
  })

  test('hands what was decoded to its own follower, once', async () => {
    const log = await openLog(await connectTo(nats), newPrefix())
    const stop = new AbortController()
    const decoded: unknown[] = []
    const followed = (async () => {
      for await (const records of log.follow(1, 0, stop.signal)) {
        decoded.push(...records.map((record) => record.decoded))
        if (decoded.length >= 5) stop.abort()
      }
    })()
    for (let index = 0; index < 5; index++) {
      await log.append([{ shard: 1, payload: Buffer.from('x'), decoded: { index } }])
    }
    await followed
    expect(decoded).toEqual(Array.from({ length: 5 }, (_, index) => ({ index })))
  })

  test('refuses another number of shards or streams, and a stream that is not its own', async () => {
    const connection = await connectTo(nats)
    const prefix = newPrefix()
    await openLog(connection, prefix)
    await expect(openLog(connection, prefix, { streams: 4 })).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
      message: expect.stringMatching(/streams is 2, wanted 4/),
    })
    const foreign = newPrefix()
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: `${foreign}-log-0`, subjects: [`${foreign}.log.0`] })
    await expect(openLog(connection, foreign)).rejects.toMatchObject({ code: 'STORE_MISMATCH' })
  })

  test('refuses at once to keep replicas on a server without a cluster, and names the setting', async () => {
    const logged: LogLine[] = []
    const opened = openLog(await connectTo(nats), newPrefix(), { replicas: 3 }, logged)
    await expect(opened).rejects.toMatchObject({
      ...STORAGE_UNAVAILABLE,
      message: expect.stringMatching(/keeps no 3 replicas; set PULSEPRINT_REPLICAS to 1/),
    })
    // It has not waited.
    expect(logged).toEqual([])
  })

  test('says which settings of its streams are not as wanted', async () => {
    const connection = await connectTo(nats)
    const prefix = newPrefix()
    const logged: LogLine[] = []
    await openLog(connection, prefix, { streamBytesMax: 5_000_000 })
    await openLog(connection, prefix, { streamBytesMax: 6_000_000 }, logged)
    expect(logged.map(({ facts }) => facts)).toContainEqual(
      expect.objectContaining({ setting: 'max_bytes', found: 5_000_000, wanted: 6_000_000 }),
    )
  })

  test('refuses when it is full, loses nothing, and takes more once it is trimmed', async () => {
    const log = await openLog(await connectTo(nats), newPrefix(), { streamBytesMax: 3_000_000 })
    const record = { shard: 0, payload: Buffer.alloc(400_000) }
    const sequences: number[] = []
    const fill = async () => {
      for (;;) sequences.push(...(await log.append([record])))
    }
    await expect(fill()).rejects.toMatchObject(STORAGE_UNAVAILABLE)
    expect(sequences).toHaveLength(7)
    expect((await log.get(0, sequences[0]!))?.payload.length).toBe(400_000)
    // Of records in parts, not one part; what fits may go in beside what does not.
    const small = { shard: 2, payload: Buffer.from('small') }
    const parts = { shard: 0, payload: Buffer.alloc(900_000) }
    await expect(log.append([small, parts])).rejects.toMatchObject(STORAGE_UNAVAILABLE)
    expect(await log.head(0)).toBe(sequences.at(-1))
    await log.trim(0, sequences[2]!)
    await log.append([record])
  })

  test('keeps a record whose acknowledgement was lost at most once', async () => {
    const connection = await connectTo(nats)
    const prefix = newPrefix()
    const [log, losing] = [await openLog(connection, prefix), await openLog(deaf(connection), prefix)]
    const lost = losing.append([{ shard: 0, payload: Buffer.from('lost') }])
    await expect(lost).rejects.toMatchObject(STORAGE_UNAVAILABLE)
    const [next] = await log.append([{ shard: 0, payload: Buffer.from('next') }])
    expect(next).toBe(2)
  })
})

test('a stream that the server does not know yet is asked for again', async () => {
  const connection = await connectTo(nats)
  const manager = await jetstreamManager(connection, { checkAPI: false })
  const name = newPrefix()
  let asked = 0
  const watched = new Proxy(manager.streams, {
    get: (streams, method) => {
      if (method !== 'info') return Reflect.get(streams, method)
      return async (stream: string) => {
        if (++asked === 2) await streams.add({ name, subjects: [name] })
        return streams.info(stream)
      }
    },
  })
  const info = await askedOfStream({ ...manager, streams: watched }, name, 'it cannot be asked for')
  expect([info.config.name, asked]).toEqual([name, 2])
})

describe('streams on JetStream', () => {
  test('other programs read one entry on each line', async () => {
    const connection = await connectTo(nats)
    const prefix = newPrefix()
    const store = await openStreams(connection, prefix)
    const heard: string[] = []
    connection.subscribe(`${prefix}.stream.s.3`, {
      callback: (_, message) => {
        heard.push(message.string())
      },
    })
    const entries = ['{"a":1}', '{"a":2}'].map((data) => ({ id: data, userId: 'u', data }))
    await store.publish([{ shard: 3, sequence: 1, refused: undefined, entries: new Map([['s', entries]]) }])
    await expect.poll(() => heard).toEqual(['{"a":1}\n{"a":2}'])
  })

  test('actions of several records of a shard share an item, up to where another stream has an entry', async () => {
    const store = await openStreams(await connectTo(nats), newPrefix())
    const withAction = (of: Publication): Publication => {
      const action = {
        id: `${of.shard}.${of.sequence}`,
        user: 'u',
        action: 'view',
        occurredAt: 0,
        properties: {},
      }
      return { ...of, refused: [], actions: [action] }
    }
    const only = (shard: number, sequence: number) =>
      withAction({ ...publication(shard, sequence), entries: new Map() })
    await store.publish([
      only(0, 1),
      only(1, 1),
      only(0, 2),
      withAction(publication(0, 3)),
      only(0, 4),
      only(0, 5),
    ])
    const items = await store.read('actions', 0, 9)
    const own = items.filter(({ shard }) => shard === 0)
    expect(own.map(({ sequence, entries }) => [sequence, entries.map(({ id }) => id)])).toEqual([
      [2, ['0.1', '0.2']],
      [3, ['0.3']],
      [5, ['0.4', '0.5']],
    ])
    expect(await store.published(0)).toBe(5)
    expect(items.find(({ shard }) => shard === 1)?.sequence).toBe(1)
  })

  test('a server whose newest item is below one that was given already is asked again', async () => {
    const store = await openStreams(await connectTo(nats), newPrefix())
    await store.publish([publication(1, 1)])
    const head = await store.head()
    const later = store.head(head + 1)
    await store.publish([publication(1, 2)])
    expect(await later).toBe(head + 1)
    expect(await store.head(head + 100)).toBe(head + 1)
  })

  test('two owners of a shard that both publish all of it, retrying, publish each entry once, in order', async () => {
    const prefix = newPrefix()
    const [reader, ...owners] = await Promise.all(
      [0, 1, 2].map(async () => openStreams(await connectTo(nats), prefix)),
    )
    const RECORDS = 120
    let refused = 0
    const publishAll = async (store: typeof reader, size: number) => {
      for (let first = 1; first <= RECORDS; ) {
        const count = Math.min(size, RECORDS - first + 1)
        const publications = Array.from({ length: count }, (_, at) => publication(2, first + at))
        try {
          await store!.publish(publications)
          first += count
        } catch (error) {
          expect(error).toMatchObject(STORAGE_UNAVAILABLE)
          refused++
        }
      }
    }
    await Promise.all(owners.map((store, at) => publishAll(store, 2 + at)))
    const items = await reader!.read('s', 0, 1_000)
    expect(items.map(({ sequence }) => sequence)).toEqual(Array.from({ length: RECORDS }, (_, at) => at + 1))
    // They did get in each other's way.
    expect(refused).toBeGreaterThan(0)
  })

  test('what went in although its acknowledgement was lost is not published again', async () => {
    const connection = await connectTo(nats)
    const prefix = newPrefix()
    const [store, losing] = [
      await openStreams(connection, prefix),
      await openStreams(deaf(connection), prefix),
    ]
    const publications = [publication(0, 1), publication(1, 1)]
    await expect(losing.publish(publications)).rejects.toMatchObject(STORAGE_UNAVAILABLE)
    await losing.publish(publications)
    await expect(losing.publish([...publications, publication(0, 2)])).rejects.toMatchObject(
      STORAGE_UNAVAILABLE,
    )
    await store.publish([publication(0, 2), publication(0, 3)])
    const items = await store.read('s', 0, 9)
    expect(items.map(({ shard, sequence }) => `${shard}.${sequence}`)).toEqual(['0.1', '1.1', '0.2', '0.3'])
  })

  test('a call of more messages than one batch holds goes in whole', async () => {
    const store = await openStreams(await connectTo(nats), newPrefix())
    const publications = Array.from({ length: 2_500 }, (_, at) => publication(at % SHARDS, at + 1))
    await store.publish(publications)
    const sequences: number[] = []
    while (sequences.length < 2_500) {
      const items = await store.read('s', sequences.length, 300)
      expect(items.length).toBeGreaterThan(0)
      sequences.push(...items.map(({ sequence }) => sequence))
    }
    expect(sequences).toEqual(publications.map(({ sequence }) => sequence))
  })

  test('subscribers far behind what is kept in memory read on from the servers, and into it', async () => {
    const store = await openStreams(await connectTo(nats), newPrefix())
    const end = store.onPublished('s', () => {})
    onTestFinished(end)
    const data = 'x'.repeat(60_000)
    for (let sequence = 1; sequence <= 200; sequence++) {
      await store.publish([
        {
          shard: 0,
          sequence,
          refused: undefined,
          entries: new Map([['s', [{ id: 'x', userId: 'u', data }]]]),
        },
      ])
    }
    const seen: number[] = []
    while (seen.length < 200) {
      const items = await store.read('s', seen.at(-1) ?? 0, 7)
      seen.push(...items.map(({ number }) => number))
      // What is in memory is read without a turn of the event loop, in which more could come.
      if (items.length === 0) await nextTurn()
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, at) => at + 1))
  })
})

describe('the durability of the servers', () => {
  test('is as it should be where they fsync before they acknowledge', async () => {
    expect(await durabilityWarnings(nats.servers.map(({ monitorUrl }) => monitorUrl))).toEqual([])
  })

  test('is warned of where they do not, cannot be asked, or are not known', async () => {
    const lazy = await startNats(1, '2m')
    onTestFinished(() => lazy.stop())
    const url = lazy.servers[0]!.monitorUrl
    expect(await durabilityWarnings([url])).toEqual([expect.stringMatching(/^n0 acknowledges writes/)])
    await lazy.servers[0]!.kill()
    expect(await durabilityWarnings([url])).toEqual([expect.stringMatching(/does not say/)])
    const [guarded] = await durabilityWarnings([url.replace('//', '//me:secret@')])
    expect(guarded).toMatch(/^127\.0\.0\.1:\d+ does not say/)
    expect(guarded).not.toContain('secret')
    expect(await durabilityWarnings([])).toEqual([expect.stringMatching(/no monitoring address/)])
  })
})
