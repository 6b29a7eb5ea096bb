// The NATS adapters while servers are killed and consumers break: nothing acknowledged is lost,
// nothing comes twice.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Publication, StreamStore } from '../../src/streams/stream-store.ts'
import type { LogLine } from '../support/api.ts'
import { LogWitness } from '../support/log-witness.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, newPrefix, openLog, openStreams, SHARDS } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'
import { actionLogContract } from './action-log.contract.ts'
import { streamStoreContract } from './stream-store.contract.ts'

/**
 * Everything that was acknowledged came to the follower of its shard, in order, and nothing twice.
 */
function expectWhole({ acknowledged, followed }: LogWitness): void {
  for (const [shard, came] of followed.entries()) {
    const numbers = came.map(Number)
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    const there = new Set(came)
    expect(acknowledged[shard]!.filter((text) => !there.has(text))).toEqual([])
  }
}

/**
 * Publishes record after record, each until it is taken, as the engine does; `stop` resolves with
 * how many.
 */
function publishing(store: StreamStore, shard: number): { stop(): Promise<number> } {
  let [stopped, abandoned] = [false, false]
  const isTaken = async (sequence: number) => {
    const entries = new Map([['s', [{ id: `${sequence}`, userId: 'u', data: '{}' }]]])
    const publication: Publication = { shard, sequence, refused: undefined, entries }
    try {
      await store.publish([publication])
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      // Refused at once, where the connection is lost.
      await nextTurn()
      return abandoned
    }
  }
  const run = async () => {
    let sequence = 0
    while (!stopped) {
      sequence++
      while (!(await isTaken(sequence)));
    }
    return sequence
  }
  const running = run()
  onTestFinished(async () => {
    stopped = true
    abandoned = true
    await running
  })
  const stop = () => {
    stopped = true
    return running
  }
  return { stop }
}

/** Sequences of the shard's items that a subscriber was given. */
function subscribed(store: StreamStore): number[] {
  const sequences: number[] = []
  let place = 0
  let reading = Promise.resolve()
  const end = store.onPublished('s', () => {
    reading = reading.then(async () => {
      for (const { number, sequence } of await readAgain(() => store.read('s', place, 1_000))) {
        sequences.push(sequence)
        place = number
      }
    })
  })
  onTestFinished(end)
  return sequences
}

/** Reads until the store answers: a leader may have gone. */
async function readAgain<Items>(read: () => Promise<Items> | Items): Promise<Items> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      await nextTurn()
    }
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

async function expectAllPublished(stop: () => Promise<number>, seen: number[]): Promise<void> {
  const count = await stop()
  await until(
    () => seen.length >= count,
    () => `${seen.length} of ${count} came`,
  )
  expect(seen).toEqual(upTo(count))
}

describe('one server', () => {
  let nats: NatsServers
  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(() => nats.stop())

  test('killed and started again in the middle of appends and publications: all that was acknowledged is there, once', async () => {
    const prefix = newPrefix()
    const logged: LogLine[] = []
    const connection = await connectTo(nats, logged)
    const witness = new LogWitness(await openLog(connection, prefix), SHARDS)
    const store = await openStreams(connection, prefix)
    const seen = subscribed(store)
    const { stop } = publishing(store, 0)
    witness.start()
    await witness.acknowledges(50)
    await nats.servers[0]!.kill()
    await until(
      () => witness.refused > 0,
      () => 'nothing was refused',
    )
    await nats.servers[0]!.start()
    await witness.acknowledges(50)
    await witness.finish()
    expectWhole(witness)
    await expectAllPublished(stop, seen)
    expect(logged.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['NATS is lost', 'NATS is back']),
    )
  })

  test('silent for longer than the pings allow, then back: nothing is lost or doubled', async () => {
    const witness = new LogWitness(await openLog(await connectTo(nats), newPrefix()), SHARDS)
    witness.start()
    await witness.acknowledges(50)
    nats.servers[0]!.signal('SIGSTOP')
    onTestFinished(() => nats.servers[0]!.signal('SIGCONT'))
    await until(
      () => witness.refused > 0,
      () => 'nothing was refused',
    )
    nats.servers[0]!.signal('SIGCONT')
    await witness.acknowledges(50)
    await witness.finish()
    expectWhole(witness)
  })

  describe('a consumer of the server that', () => {
    const breakAll = async (
      prefix: string,
      how: (manager: JetStreamManager, stream: string, consumer: string) => Promise<unknown>,
    ) => {
      const manager = await jetstreamManager(await connectTo(nats))
      let broken = 0
      for (const stream of [`${prefix}-log-0`, `${prefix}-log-1`]) {
        for await (const { name } of manager.consumers.list(stream)) {
          await how(manager, stream, name)
          broken++
        }
      }
      expect(broken).toBe(SHARDS)
    }

    test.each([
      [
        'is deleted',
        (manager: JetStreamManager, stream: string, name: string) => manager.consumers.delete(stream, name),
      ],
      [
        'has stalled, though its heart beats',
        (manager: JetStreamManager, stream: string, name: string) =>
          manager.consumers.pause(stream, name, new Date(Date.now() + 600_000)),
      ],
    ])('%s is made anew where the follower stands', async (_, how) => {
      const prefix = newPrefix()
      const logged: LogLine[] = []
      const witness = new LogWitness(await openLog(await connectTo(nats), prefix, {}, logged), SHARDS)
      witness.start()
      await witness.acknowledges(20)
      await breakAll(prefix, how)
      await witness.acknowledges(20)
      await witness.finish()
      expectWhole(witness)
      // It took a moment: nobody need hear of it.
      expect(logged.filter(({ level }) => level !== 'info')).toEqual([])
    })
  })
})

describe('a cluster of three', () => {
  let nats: NatsServers
  beforeAll(async () => {
    nats = await startNats(3)
  })
  afterAll(() => nats.stop())

  const replicas = 3
  actionLogContract('JetStream, three replicas', newPrefix, async (prefix) =>
    openLog(await connectTo(nats), prefix, { replicas }),
  )
  streamStoreContract('JetStream, three replicas', newPrefix, async (prefix) =>
    openStreams(await connectTo(nats), prefix, replicas),
  )

  test('whose leader is killed elects another, and appends, followers, publications and subscribers go on', async () => {
    const prefix = newPrefix()
    const connection = await connectTo(nats)
    const witness = new LogWitness(await openLog(connection, prefix, { streams: 1, replicas }), SHARDS)
    const store = await openStreams(connection, prefix, replicas)
    const seen = subscribed(store)
    const { stop } = publishing(store, 1)
    witness.start()
    await witness.acknowledges(30)
    const manager = await jetstreamManager(connection)
    const { cluster } = await manager.streams.info(`${prefix}-log-0`)
    const leader = nats.servers.find(({ name }) => name === cluster?.leader)!
    await leader.kill()
    await witness.acknowledges(30)
    await leader.start()
    await witness.acknowledges(30)
    await witness.finish()
    expectWhole(witness)
    await expectAllPublished(stop, seen)
  })

  test('that has started without one of its servers makes no new log, and the engine waits for it', async () => {
    await Promise.all(nats.servers.map((server) => server.kill()))
    const [last, ...others] = nats.servers
    await Promise.all(others.map((server) => server.start()))
    const logged: LogLine[] = []
    const opening = openLog(await connectTo(nats), newPrefix(), { replicas }, logged)
    const waits = until(
      () => logged.some(({ facts }) => String(facts?.error).includes('no suitable peers')),
      () => `it does not say that it waits: ${JSON.stringify(logged)}`,
    )
    await Promise.race([waits, opening])
    await last!.start()
    const log = await opening
    await waits
    await expect(log.append([{ shard: 0, payload: Buffer.from('a') }])).resolves.toHaveLength(1)
  })
})
