// Calls between nodes over a real nats-server: results and errors arrive as they are, and whatever is lost on the
// way, no call waits for what cannot come.
import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Handlers } from '../../actors/call-protocol.ts'
import { NodeLinks } from '../../actors/node-links.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { type LogLine, recordingLogger } from '../support/api.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, newPrefix } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'

/** No call of these tests is to end by it, where not said otherwise. */
const LONG_MS = 600_000
const MIB = 1024 * 1024

interface Node {
  instance: string
  links: NodeLinks
  connection: NatsConnection
  lines: LogLine[]
}

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats?.stop())

/** A node on a connection of its own. */
async function startNode(prefix: string, handlers: Handlers = {}, servers = nats): Promise<Node> {
  const connection = await connectTo(servers)
  const instance = randomUUID()
  const lines: LogLine[] = []
  const links = new NodeLinks(connection, prefix, instance, handlers, recordingLogger(lines))
  onTestFinished(() => links.close())
  await connection.flush()
  return { instance, links, connection, lines }
}

/** One that calls and one that is called. */
async function startPair(handlers: Handlers, servers = nats) {
  const prefix = newPrefix()
  const callee = await startNode(prefix, handlers, servers)
  const caller = await startNode(prefix, {}, servers)
  const call = (method: string, ...parameters: unknown[]) =>
    caller.links.call<unknown>(callee.instance, method, LONG_MS, ...parameters)
  return { prefix, caller, callee, call }
}

const echo = (value: unknown) => value
const never = () => new Promise(() => {})

/** Subjects of all messages between nodes from now on. */
async function watchSubjects(prefix: string): Promise<string[]> {
  const connection = await connectTo(nats)
  const subjects: string[] = []
  connection.subscribe(`${prefix}.node.>`, { callback: (_, { subject }) => void subjects.push(subject) })
  await connection.flush()
  return subjects
}

describe('a call', () => {
  test('gives the result of the handler, exactly', async () => {
    const { call } = await startPair({ echo, add: (a: number, b: number) => a + b })
    expect(await call('add', 1, 2)).toBe(3)
    for (const value of [undefined, null, true, '', 'ä🙂', [], {}, { a: [1, { b: null }] }])
      expect(await call('echo', value)).toEqual(value)
    const numbers = [0, -1, 0.1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53, 5e-324, 1.7e308, Infinity, -Infinity]
    expect(await call('echo', numbers)).toEqual(numbers)
  })

  test('carries bytes as bytes', async () => {
    const { call } = await startPair({ echo })
    const answer = (await call('echo', { bytes: new Uint8Array([0, 193, 255]) })) as { bytes: Uint8Array }
    expect(answer.bytes).toBeInstanceOf(Uint8Array)
    expect([...answer.bytes]).toEqual([0, 193, 255])
  })

  test('fails with the error of the other side, its code and details', async () => {
    const error = new PulseprintError('INVALID_ACTION', 'wrong', { path: '/actions/3', retryAfterSeconds: 7 })
    const { call } = await startPair({
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
    const { call } = await startPair({ echo, give: () => 2n ** 70n })
    const [bad, good, unspeakable] = [call('echo', 2n ** 70n), call('echo', 1), call('give')]
    await expect(bad).rejects.toThrow()
    expect(await good).toBe(1)
    await expect(unspeakable).rejects.toThrow()
  })

  test('begins in its place in the order of calls, however large', async () => {
    const begun: number[] = []
    const { call } = await startPair({ begin: (place: number) => begun.push(place) })
    const sizes = [1, 2 * MIB, 10, 600_000, 300_000, 300_000, 1]
    await Promise.all(sizes.map((size, place) => call('begin', place, new Uint8Array(size))))
    expect(begun).toEqual(sizes.map((_, place) => place))
  })

  test('may carry 16 MiB, and so may its answer', async () => {
    const { call } = await startPair({ echo })
    const bytes = Buffer.alloc(16 * MIB, 'pulseprint')
    expect(Buffer.compare(bytes, (await call('echo', bytes)) as Buffer)).toBe(0)
  })

  test('reaches any of several nodes, also the own one', async () => {
    const prefix = newPrefix()
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => startNode(prefix, { name: () => name })))
    for (const { links } of nodes) {
      const names = nodes.map(({ instance }) => links.call(instance, 'name', LONG_MS))
      expect(await Promise.all(names)).toEqual(['a', 'b', 'c'])
    }
  })

  test('shares a message with the others of its turn, as do the answers', async () => {
    const { prefix, call } = await startPair({ echo })
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

describe('a call that cannot be answered', () => {
  test('fails at once where nobody listens', async () => {
    const { links } = await startNode(newPrefix())
    await expect(links.call(randomUUID(), 'echo', LONG_MS)).rejects.toMatchObject({ code: 'PEER_LOST' })
  })

  test('fails at once where the other process has gone, with those that still wait', async () => {
    const { caller, callee, call } = await startPair({ never })
    const waiting = expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
    await callee.connection.close()
    await expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
    await waiting
    expect(caller.lines).toEqual([])
  })

  test('fails after its time', async () => {
    const { caller, callee } = await startPair({ never })
    await expect(caller.links.call(callee.instance, 'never', 10)).rejects.toMatchObject({ code: 'PEER_LOST' })
  })

  test('fails when the node is said to be lost; calls to others go on', async () => {
    const answers: ((value: string) => void)[] = []
    const { prefix, caller, callee, call } = await startPair({ never })
    const other = await startNode(prefix, { ask: () => new Promise((resolve) => answers.push(resolve)) })
    const waiting = [call('never'), call('never')]
    const asked = caller.links.call(other.instance, 'ask', LONG_MS)
    caller.links.lost(callee.instance)
    for (const call of waiting) await expect(call).rejects.toMatchObject({ code: 'PEER_LOST' })
    await until(
      () => answers.length === 1,
      () => 'the other node was not asked',
    )
    answers[0]!('still here')
    expect(await asked).toBe('still here')
  })

  test('fails when this node stops', async () => {
    const { caller, call } = await startPair({ never })
    const waiting = expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
    caller.links.close()
    await waiting
    await expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
  })

  test('fails when the server is killed, and works again when it is back', async () => {
    const own = await startNats()
    onTestFinished(() => own.stop())
    const { caller, call } = await startPair({ never, echo }, own)
    const waiting = expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
    await own.servers[0]!.kill()
    await waiting
    await expect(call('echo', 1)).rejects.toMatchObject({ code: 'PEER_LOST' })
    await own.servers[0]!.start()
    const answer = () => call('echo', 'back').catch(() => nextTurn(undefined))
    expect(await until(answer, () => 'no call was answered any more')).toBe('back')
    expect(caller.lines).toEqual([])
  })

  test('does not take the late answer to another', async () => {
    const answers: ((value: string) => void)[] = []
    const { caller, callee, call } = await startPair({
      ask: () => new Promise((resolve) => answers.push(resolve)),
    })
    const first = expect(call('ask')).rejects.toMatchObject({ code: 'PEER_LOST' })
    await until(
      () => answers.length === 1,
      () => 'the first call did not arrive',
    )
    caller.links.lost(callee.instance)
    await first
    const second = call('ask')
    await until(
      () => answers.length === 2,
      () => 'the second call did not arrive',
    )
    answers[0]!('to the first')
    answers[1]!('to the second')
    expect(await second).toBe('to the second')
  })
})

describe('the bounds', () => {
  test('so many calls to one node may wait; others are reached, and room comes back', async () => {
    const { prefix, caller, callee, call } = await startPair({ never, echo })
    const other = await startNode(prefix, { echo })
    const waiting = Array.from({ length: LIMITS.nodeCallsMax }, () => call('never'))
    const ended = Promise.allSettled(waiting)
    await expect(call('echo', 1)).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 1 })
    expect(await caller.links.call(other.instance, 'echo', LONG_MS, 1)).toBe(1)
    caller.links.lost(callee.instance)
    await ended
    expect(await call('echo', 1)).toBe(1)
  })

  test('so many bytes may be on the way to one node, until they are answered', async () => {
    const { call } = await startPair({ size: ({ length }: Uint8Array) => length })
    const half = new Uint8Array(LIMITS.nodeCallBytesMax / 2 - 100)
    const both = [call('size', half), call('size', half)]
    await expect(call('size', half)).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await Promise.all(both)).toEqual([half.length, half.length])
    expect(await call('size', half)).toBe(half.length)
  })

  test('so many bytes may wait for a server that does not read', async () => {
    const own = await startNats()
    onTestFinished(() => own.stop())
    const { links } = await startNode(newPrefix(), {}, own)
    own.servers[0]!.signal('SIGSTOP')
    const bytes = new Uint8Array(30 * MIB)
    const ended = []
    for (let sent = 0; sent < LIMITS.nodeUnsentBytesMax; sent += bytes.length) {
      ended.push(expect(links.call(randomUUID(), 'm', LONG_MS, bytes)).rejects.toThrow('nobody listens'))
      await nextTurn()
    }
    await expect(links.call(randomUUID(), 'm', LONG_MS)).rejects.toMatchObject({ code: 'OVERLOADED' })
    own.servers[0]!.signal('SIGCONT')
    await Promise.all(ended)
    await until(
      () => links.call(randomUUID(), 'm', LONG_MS).catch(({ code }) => code === 'PEER_LOST'),
      () => 'the room did not come back',
    )
  })
})

test('garbage on the subject is told of once and does no harm', async () => {
  const { prefix, callee, caller, call } = await startPair({ echo })
  const garbage = [
    [],
    [0xc1],
    [0xc1, ...new Array(20).fill(255)],
    [0xff],
    [0x93, 1],
    [1, 2, 3],
    [0xdd, 255, 255, 255, 255],
  ]
  for (const bytes of garbage) {
    caller.connection.publish(`${prefix}.node.${callee.instance}.${caller.instance}`, new Uint8Array(bytes))
    caller.connection.publish(`${prefix}.node.${callee.instance}.stranger`, new Uint8Array(bytes))
  }
  expect(await call('echo', 'after it')).toBe('after it')
  expect(callee.lines).toMatchObject([{ level: 'warn', message: 'a message between nodes cannot be read' }])
})
