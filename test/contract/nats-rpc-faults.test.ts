// Calls between nodes while nodes, servers and connections go, and more is asked than there is room
// for: no call waits for what cannot come.
import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { LONG_MS, startNode, startPair } from '../support/linked-nodes.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { newPrefix } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats?.stop())

const echo = (value: unknown) => value
const never = () => new Promise(() => {})

describe('a call that cannot be answered', () => {
  test('fails at once where nobody listens', async () => {
    const { links } = await startNode(nats, newPrefix())
    await expect(links.call(randomUUID(), 'echo', LONG_MS)).rejects.toMatchObject({ code: 'PEER_LOST' })
  })

  test('fails where the other process goes while it waits, though nothing further is asked of it', async () => {
    const begun: unknown[] = []
    const ask = () => {
      begun.push(undefined)
      return never()
    }
    const { callee, call } = await startPair(nats, { ask })
    const waiting = expect(call('ask')).rejects.toMatchObject({ code: 'PEER_LOST' })
    await until(
      () => begun.length === 1,
      () => 'the call did not arrive',
    )
    await callee.connection.close()
    await waiting
  })

  test('fails after its time', async () => {
    const { caller, callee } = await startPair(nats, { never })
    await expect(caller.links.call(callee.instance, 'never', 10)).rejects.toMatchObject({ code: 'PEER_LOST' })
  })

  test('fails when the node is said to be lost; calls to others go on', async () => {
    const answers: ((value: string) => void)[] = []
    const { prefix, caller, callee, call } = await startPair(nats, { never })
    const other = await startNode(nats, prefix, {
      ask: () => new Promise((resolve) => answers.push(resolve)),
    })
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
    const { caller, call } = await startPair(nats, { never })
    const waiting = expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
    caller.links.close()
    await waiting
    await expect(call('never')).rejects.toMatchObject({ code: 'PEER_LOST' })
  })

  test('fails when the server is killed, and works again when it is back', async () => {
    const own = await startNats()
    onTestFinished(() => own.stop())
    const { caller, call } = await startPair(own, { never, echo })
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
    const { caller, callee, call } = await startPair(nats, {
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
    const { prefix, caller, callee, call } = await startPair(nats, { never, echo })
    const other = await startNode(nats, prefix, { echo })
    const waiting = Array.from({ length: LIMITS.nodeCallsMax }, () => call('never'))
    const ended = Promise.allSettled(waiting)
    await expect(call('echo', 1)).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 1 })
    expect(await caller.links.call(other.instance, 'echo', LONG_MS, 1)).toBe(1)
    caller.links.lost(callee.instance)
    await ended
    expect(await call('echo', 1)).toBe(1)
  })

  test('so many bytes may be on the way to one node, until they are answered', async () => {
    const { call } = await startPair(nats, { size: ({ length }: Uint8Array) => length })
    const half = new Uint8Array(LIMITS.nodeCallBytesMax / 2 - 100)
    const both = [call('size', half), call('size', half)]
    await expect(call('size', half)).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await Promise.all(both)).toEqual([half.length, half.length])
    expect(await call('size', half)).toBe(half.length)
  })

  test('so many bytes may wait for a server that does not read', async () => {
    const own = await startNats()
    onTestFinished(() => own.stop())
    const { links } = await startNode(own, newPrefix())
    own.servers[0]!.signal('SIGSTOP')
    const bytes = new Uint8Array(30 * 1024 * 1024)
    const ended = []
    for (let sent = 0; sent < LIMITS.nodeUnsentBytesMax; sent += bytes.length) {
      ended.push(
        expect(links.call(randomUUID(), 'm', LONG_MS, bytes)).rejects.toMatchObject({ code: 'PEER_LOST' }),
      )
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
  const { prefix, callee, caller, call } = await startPair(nats, { echo })
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
