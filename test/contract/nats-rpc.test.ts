// Calls between nodes over a real nats-server: results and errors arrive as they are, in few
// messages.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PulseprintError } from '../../src/errors.ts'
import { LONG_MS, startNode, startPair } from '../support/linked-nodes.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, newPrefix } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats?.stop())

const echo = (value: unknown) => value

/**
 * Subjects of all messages between nodes from now on, without the empty ones with which a node asks
 * whether another still listens if an answer takes long.
 */
async function watchSubjects(prefix: string): Promise<string[]> {
  const connection = await connectTo(nats)
  const subjects: string[] = []
  connection.subscribe(`${prefix}.node.>`, {
    callback: (_, { subject, data }) => {
      if (data.length > 0) subjects.push(subject)
    },
  })
  await connection.flush()
  return subjects
}

describe('a call', () => {
  test('gives the result of the handler, exactly', async () => {
    const { call } = await startPair(nats, { echo, add: (a: number, b: number) => a + b })
    expect(await call('add', 1, 2)).toBe(3)
    for (const value of [undefined, null, true, '', 'ä🙂', [], {}, { a: [1, { b: null }] }])
      expect(await call('echo', value)).toEqual(value)
    const numbers = [0, -1, 0.1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53, 5e-324, 1.7e308, Infinity, -Infinity]
    expect(await call('echo', numbers)).toEqual(numbers)
  })

  test('carries bytes as bytes', async () => {
    const { call } = await startPair(nats, { echo })
    const answer = (await call('echo', { bytes: new Uint8Array([0, 193, 255]) })) as { bytes: Uint8Array }
    expect(answer.bytes).toBeInstanceOf(Uint8Array)
    expect([...answer.bytes]).toEqual([0, 193, 255])
  })

  test('fails with the error of the other side, its code and details', async () => {
    const error = new PulseprintError('INVALID_ACTION', 'wrong', { path: '/actions/3', retryAfterSeconds: 7 })
    const { call } = await startPair(nats, {
      expected: () => Promise.reject(error),
      plain: () => {
        throw new TypeError('a mistake')
      },
    })
    const failure = await call('expected').catch((reason: unknown) => reason)
    expect(failure).toBeInstanceOf(PulseprintError)
    expect(failure).toMatchObject({
      code: 'INVALID_ACTION',
      message: 'wrong',
      path: '/actions/3',
      retryAfterSeconds: 7,
    })
    const mistake = await call('plain').catch((reason: unknown) => reason)
    expect(mistake).not.toBeInstanceOf(PulseprintError)
    expect(mistake).toMatchObject({ message: 'a mistake' })
    for (const method of ['unknown', 'constructor']) await expect(call(method)).rejects.toThrow(method)
  })

  test('of what has no encoding fails by itself, as does an answer', async () => {
    const { call } = await startPair(nats, { echo, give: () => 2n ** 70n })
    const [bad, good, unspeakable] = [call('echo', 2n ** 70n), call('echo', 1), call('give')]
    await expect(bad).rejects.toThrow()
    expect(await good).toBe(1)
    await expect(unspeakable).rejects.toThrow()
  })

  test('begins in its place in the order of calls, however large', async () => {
    const begun: number[] = []
    const { call } = await startPair(nats, { begin: (place: number) => begun.push(place) })
    const sizes = [1, 2 * MIB, 10, 600_000, 300_000, 300_000, 1]
    await Promise.all(sizes.map((size, place) => call('begin', place, new Uint8Array(size))))
    expect(begun).toEqual(sizes.map((_, place) => place))
  })

  test('may carry 16 MiB, and so may its answer', async () => {
    const { call } = await startPair(nats, { echo })
    const bytes = Buffer.alloc(16 * MIB, 'pulseprint')
    expect(Buffer.compare(bytes, (await call('echo', bytes)) as Buffer)).toBe(0)
  })

  test('reaches any of several nodes, also the own one', async () => {
    const prefix = newPrefix()
    const nodes = await Promise.all(
      ['a', 'b', 'c'].map((name) => startNode(nats, prefix, { name: () => name })),
    )
    for (const { links } of nodes) {
      const names = nodes.map(({ instance }) => links.call(instance, 'name', LONG_MS))
      expect(await Promise.all(names)).toEqual(['a', 'b', 'c'])
    }
  })

  test('shares a message with the others of its turn, as do the answers', async () => {
    const { prefix, call } = await startPair(nats, { echo })
    await call('echo', 0)
    const subjects = await watchSubjects(prefix)
    const places = Array.from({ length: 500 }, (_, place) => place)
    expect(await Promise.all(places.map((place) => call('echo', place)))).toEqual(places)
    await until(
      () => subjects.length >= 2,
      () => 'nothing was seen',
    )
    expect(subjects).toHaveLength(2)
  })
})
