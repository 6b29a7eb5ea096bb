// Subscribers of a real engine under load: unmodified clients over a network that breaks and an
// engine that dies, clients on several threads, filters, keys and requests that are out of bounds.

import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Listener } from '../support/listener.ts'
import { type Decision, type Purchase, Purchases } from '../support/purchases.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const DEFINITION = `
version: 1
timezone: Europe/London
features:
  purchases: { aggregate: count, action: purchase }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: active, on: purchase }
rules:
  lucky: { on: purchase, when: properties.lucky, emit: { stream: rewards, payload: { n: properties.n } } }
  tenth: { on: purchase, when: "features.purchases == 10", emit: { stream: rewards }, limit: 1 }
`

const USERS = 500
const ACTIONS_PER_SECOND = 5_000
const DISCONNECTS = 10
const DURATION_MIN_MS = 8_000

type ActionEntry = Purchase & { shard: number; sequence: number }

function startEngine(settings: Record<string, string> = {}): Promise<EngineProcess> {
  return EngineProcess.startForTest(definitionFile(DEFINITION), settings)
}

test('unmodified clients miss and repeat nothing over ten broken connections and a kill -9', async () => {
  const engine = await startEngine()
  const proxy = await TcpProxy.start(engine.url)
  const actions = await Listener.open<ActionEntry>(proxy.url, '/v1/streams/actions')
  const rewards = await Listener.open<Decision>(proxy.url, '/v1/streams/rewards')
  const purchases = new Purchases(engine, USERS)
  let disconnected = false
  const startedAt = performance.now()
  const posting = purchases.post(
    ACTIONS_PER_SECOND,
    () => !disconnected || performance.now() - startedAt < DURATION_MIN_MS,
  )
  for (let cut = 0; cut < DISCONNECTS; cut++) {
    // Only a client that gets something has something to lose.
    await Promise.all([actions.has(actions.heard.length + 1), rewards.has(rewards.heard.length + 1)])
    const before = [actions.connections, rewards.connections] as const
    if (cut === DISCONNECTS / 2) {
      await until(
        () => purchases.waiting,
        () => 'nothing is posted',
      )
      await engine.kill()
      engine.restart()
    } else proxy.cut()
    await Promise.all([actions.reconnected(before[0]), rewards.reconnected(before[1])])
  }
  proxy.cut()
  disconnected = true
  const rate = await posting
  const { acknowledged } = purchases
  const expected = decisionsOf(acknowledged)
  await Promise.all([actions.has(acknowledged.length), rewards.has(expected.length)])
  console.log(
    `${acknowledged.length} actions at ${Math.round(rate)} per second, the kill included; ${expected.length} decisions; ` +
      `connected ${actions.connections} and ${rewards.connections} times; ${purchases.duplicates} actions sent again were there`,
  )
  expect(numbersByUser(actions.entries)).toEqual(numbersByUser(acknowledged))
  expect(rewards.entries.map(decisionText).sort()).toEqual(expected.sort())
  expect(new Set(rewards.entries.map(({ id }) => id)).size).toBe(expected.length)
  expectAllFrom(purchases.decisions, rewards.entries, purchases.duplicates)
})

/** What the definition says these actions cause. */
function decisionsOf(purchases: readonly Purchase[]): string[] {
  const counts = new Map<string, number>()
  return purchases.flatMap(({ id, userId, properties }) => {
    const count = (counts.get(userId) ?? 0) + 1
    counts.set(userId, count)
    const decisions = properties.lucky ? [`lucky ${userId} ${id}`] : []
    return count === 10 ? [...decisions, `tenth ${userId} ${id}`] : decisions
  })
}

function decisionText({ rule, userId, actionId }: Decision): string {
  return `${rule} ${userId} ${actionId}`
}

/** Each user's actions in order. One lost, repeated or out of order shows. */
function numbersByUser(actions: readonly Purchase[]): Record<string, number[]> {
  const numbers: Record<string, number[]> = {}
  for (const { userId, properties } of actions) {
    numbers[userId] ??= []
    numbers[userId]!.push(properties.n)
  }
  return numbers
}

/**
 * Decisions on receipts are those on the stream; only actions that had to be sent again have none
 * on theirs.
 */
function expectAllFrom(onReceipts: readonly Decision[], heard: readonly Decision[], sentAgain: number): void {
  const ids = new Set(heard.map(({ id }) => id))
  expect(onReceipts.filter(({ id }) => !ids.has(id))).toEqual([])
  expect(heard.length - onReceipts.length).toBeLessThanOrEqual(sentAgain * 2)
}

test('clients of every thread see the same events in the same order; filters give exactly their own', async () => {
  const engine = await startEngine({ PULSEPRINT_THREADS: '2' })
  // The system spreads connections over the threads: sixteen are all on one in one of 30,000 runs.
  const listeners = await Promise.all(
    Array.from({ length: 16 }, () => Listener.open<ActionEntry>(engine.url, '/v1/streams/actions')),
  )
  const ofUser = await Listener.open<ActionEntry>(engine.url, '/v1/streams/actions?userId=u-7')
  const rewardsOfUser = await Listener.open<Decision>(engine.url, '/v1/streams/rewards?userId=u-7')
  const views = await Listener.open<Purchase>(engine.url, '/v1/streams/actions?action=view')
  const none = await Listener.open<Decision>(engine.url, '/v1/streams/rewards?action=view')
  const purchases = new Purchases(engine, 50)
  await purchases.post(ACTIONS_PER_SECOND, () => purchases.acknowledged.length < 10_000)
  await engine.json('/v1/actions', [
    { id: 'v-1', userId: 'u-7', action: 'view' },
    { id: 'v-2', userId: 'u-8', action: 'view' },
  ])
  const total = purchases.acknowledged.length + 2
  await Promise.all(listeners.map((listener) => listener.has(total)))
  const [first, ...others] = listeners.map(({ heard }) =>
    heard.map(({ place, data }) => `${place} ${data.id}`),
  )
  expect(new Set(first).size).toBe(total)
  for (const other of others) expect(other).toEqual(first)

  const own = purchases.acknowledged.filter(({ userId }) => userId === 'u-7')
  await Promise.all([ofUser.has(own.length + 1), views.has(2)])
  expect(ofUser.entries.map(({ id }) => id)).toEqual([...own.map(({ id }) => id), 'v-1'])
  expect(views.entries.map(({ id }) => id).sort()).toEqual(['v-1', 'v-2'])
  const ownDecisions = decisionsOf(own)
  await rewardsOfUser.has(ownDecisions.length)
  expect(rewardsOfUser.entries.map(decisionText)).toEqual(ownDecisions)
  expect(none.heard).toEqual([])
})

test('more subscribers than a thread takes are told to come back, and the others are served', async () => {
  const engine = await startEngine({ PULSEPRINT_THREADS: '1' })
  const port = Number(new URL(engine.url).port)
  const clients = Array.from({ length: LIMITS.subscribersMax + 100 }, () => {
    const socket = connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('error', () => {})
    onTestFinished(() => {
      socket.destroy()
    })
    const client = { text: '' }
    socket.on('data', (text) => {
      client.text += text
    })
    socket.write('GET /v1/streams/actions HTTP/1.1\r\nhost: localhost\r\n\r\n')
    return client
  })
  const statuses = () => clients.map(({ text }) => /^HTTP\/1.1 (\d+) [\s\S]*\r\n\r\n/.exec(text)?.[1])
  await until(
    () => statuses().every((status) => status !== undefined),
    () => 'some had no answer',
  )
  expect(statuses().filter((status) => status === '200')).toHaveLength(LIMITS.subscribersMax)
  const refused = clients.filter((_, index) => statuses()[index] !== '200')
  for (const { text } of refused) {
    expect(text).toMatch(/^HTTP\/1.1 429 [\s\S]*\r\nretry-after: \d+\r\n[\s\S]*"code":"OVERLOADED"/i)
  }
  await engine.json('/v1/actions', { id: 'the-one', userId: 'u-1', action: 'view' })
  await until(
    () => clients.filter(({ text }) => text.includes('"id":"the-one"')).length === LIMITS.subscribersMax,
    () => 'some did not get it',
  )
})

test('with keys, a stream wants one; what is out of bounds is refused with a reason', async () => {
  const keys = join(temporaryFolder(), 'keys')
  writeFileSync(keys, 'service k-0123456789abcdef\n')
  const engine = await startEngine({ PULSEPRINT_KEYS: keys, PULSEPRINT_THREADS: '2' })
  const answer = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(engine.url + path, { headers })
    return [response.status, ((await response.json()) as { code: string }).code]
  }
  expect(await answer('/v1/streams/actions')).toEqual([401, 'UNAUTHORIZED'])
  expect(await answer('/v1/streams/nothing')).toEqual([401, 'UNAUTHORIZED'])
  const authorization = 'Bearer k-0123456789abcdef'
  for (const [path, headers, status, code] of [
    ['nothing', {}, 404, 'UNKNOWN_STREAM'],
    ['__proto__', {}, 404, 'UNKNOWN_STREAM'],
    ['actions', { 'last-event-id': 'nonsense' }, 400, 'INVALID_REQUEST'],
    ['actions', { 'last-event-id': '-1' }, 400, 'INVALID_REQUEST'],
    ['actions', { 'last-event-id': '9'.repeat(5_000) }, 400, 'INVALID_REQUEST'],
    ['actions', { 'last-event-id': '9007199254740991' }, 400, 'INVALID_REQUEST'],
    ['actions', { 'last-event-id': '1.1.1' }, 400, 'INVALID_REQUEST'],
    [`actions?userId=${'u'.repeat(10_000)}`, {}, 400, 'INVALID_REQUEST'],
    [`actions?action=${'a'.repeat(10_000)}`, {}, 400, 'INVALID_REQUEST'],
    ['actions?action=a&action=b', {}, 400, 'INVALID_REQUEST'],
    ['actions?userId=%00', {}, 400, 'INVALID_REQUEST'],
    ['actions?since=yesterday', {}, 400, 'INVALID_REQUEST'],
    [`actions?userId=${'u'.repeat(20_000)}`, {}, 431, 'HEADERS_TOO_LARGE'],
  ] as const) {
    expect([
      path.slice(0, 40),
      ...(await answer(`/v1/streams/${path}`, { ...headers, authorization })),
    ]).toEqual([path.slice(0, 40), status, code])
  }
  const open = await fetch(`${engine.url}/v1/streams/actions`, { headers: { authorization } })
  expect(open.status).toBe(200)
  await open.body?.cancel()
})
