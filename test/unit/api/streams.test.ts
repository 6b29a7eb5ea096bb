import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expect, onTestFinished, test } from 'vitest'
import { Subscribers } from '../../../api/subscribers.ts'
import { LIMITS } from '../../../src/limits.ts'
import { readApiKeys } from '../../../src/runtime/api-keys.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import { NOW, testApi } from '../../support/api.ts'
import { MemoryStreams } from '../../support/memory-streams.ts'
import { stubEngine } from '../../support/stub-engine.ts'
import { until } from '../../support/until.ts'

async function served() {
  const streams = new MemoryStreams()
  const clock = new SimulatedClock(NOW)
  const app = testApi(stubEngine({ streams }), { clock })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return { streams, clock, app, origin }
}

/** Everything that one request was sent so far. */
async function subscribe(url: string, headers: Record<string, string> = {}) {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const response = await fetch(url, { headers, signal: stop.signal })
  const got = { response, stop, text: '', events: [] as EventSourceMessage[], ended: false, id: '' }
  const parser = createParser({
    onEvent: (event) => got.events.push(event),
    onId: (id) => {
      got.id = id
    },
  })
  const decoder = new TextDecoder()
  const reading = (async () => {
    for await (const bytes of response.body!) {
      const text = decoder.decode(bytes as Uint8Array, { stream: true })
      got.text += text
      parser.feed(text)
    }
  })()
  reading
    .catch(() => {})
    .finally(() => {
      got.ended = true
    })
  return got
}

const ids = ({ events }: { events: EventSourceMessage[] }) => events.map(({ id }) => id)

test('a subscriber is told that it is connected and where, and gets what is published from then on', async () => {
  const { streams, origin } = await served()
  streams.publish({ userId: 'u', n: 1 })
  const got = await subscribe(`${origin}/v1/streams/rewards`)
  expect(got.response.status).toBe(200)
  expect(Object.fromEntries(got.response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  await expect.poll(() => got.text).toBe(': connected\nretry: 1000\nid: 1\n\n')
  streams.publish({ userId: 'u', n: 2 }, { userId: 'v', n: 3 })
  await expect.poll(() => got.events).toHaveLength(2)
  expect(got.events).toEqual([
    { id: '2', event: undefined, data: '{"userId":"u","n":2}' },
    { id: '3', event: undefined, data: '{"userId":"v","n":3}' },
  ])
})

test.each([
  ['0 gives all', '?after=0', {}, ['1', '2', '3']],
  ['an id goes on after it', '?after=2', {}, ['3']],
  ['Last-Event-ID wins over after', '?after=0', { 'last-event-id': '1' }, ['2', '3']],
  ['a filter by user', '?after=0&userId=v', {}, ['2']],
  ['a filter by action', '?after=0&action=buy', {}, ['3']],
])('where a subscriber begins, and what it gets: %s', async (_what, query, headers, expected) => {
  const { streams, origin } = await served()
  streams.publish({ userId: 'u' }, { userId: 'v' }, { userId: 'u', action: 'buy' })
  const got = await subscribe(`${origin}/v1/streams/rewards${query}`, headers)
  await expect.poll(() => ids(got)).toEqual(expected)
  // What comes next shows that nothing else was on its way.
  streams.publish({ userId: 'v', action: 'buy' })
  if (!query.includes('action') && !query.includes('userId'))
    await expect.poll(() => ids(got)).toEqual([...expected, '4'])
})

test('a place after which entries are gone is refused, and from 0 on all that are held come', async () => {
  const { streams, origin } = await served()
  streams.publish(...Array.from({ length: 5 }, () => ({ userId: 'u' })))
  streams.trim(3)
  const refused = await fetch(`${origin}/v1/streams/rewards?after=2`)
  expect([refused.status, await refused.json()]).toMatchObject([410, { code: 'CURSOR_TOO_OLD' }])
  for (const [after, expected] of [
    ['3', ['4', '5']],
    ['0', ['4', '5']],
  ] as const) {
    const got = await subscribe(`${origin}/v1/streams/rewards?after=${after}`)
    await expect.poll(() => ids(got)).toEqual(expected)
  }
})

test('who reads so slowly that what comes next is gone is told so, and the stream ends', async () => {
  const { streams, origin } = await served()
  streams.publish(...Array.from({ length: 5_000 }, (_, n) => ({ userId: 'u', n, text: BIG })))
  const socket = lazySubscriber(origin, '/v1/streams/rewards?after=0')
  await until(
    () => streams.reads > 1,
    () => 'never served',
  )
  streams.trim(4_000)
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  socket.setEncoding('utf8').on('data', (text: string) => parser.feed(withoutChunks(text)))
  socket.resume()
  await until(
    () => events.at(-1)?.event === 'cut' && streams.listeners === 0,
    () => `got ${events.length} events`,
  )
  const { id, data } = events.at(-1)!
  expect(JSON.parse(data)).toMatchObject({ code: 'CURSOR_TOO_OLD', cursor: id })
  expect(id).toBe(String(events.length - 1))
})

test('while the store is away nobody is disconnected, and afterwards what came meanwhile is there', async () => {
  const { streams, origin } = await served()
  const url = `${origin}/v1/streams/rewards`
  streams.publish({ userId: 'u' })
  const before = await subscribe(url)
  streams.away = true
  streams.publish({ userId: 'u' })
  const during = await subscribe(url, { 'last-event-id': '1' })
  expect(during.response.status).toBe(200)
  const wrong = await subscribe(`${url}?after=nonsense`)
  streams.away = false
  await expect.poll(() => [ids(before), ids(during)]).toEqual([['2'], ['2']])
  expect([before.ended, during.ended]).toEqual([false, false])
  await expect.poll(() => wrong.ended).toBe(true)
  expect(wrong.events).toMatchObject([{ event: 'cut', data: expect.stringContaining('INVALID_REQUEST') }])
})

test('an unmodified EventSource misses and repeats nothing over forced disconnects', async () => {
  const { streams, app, origin } = await served()
  const source = new EventSource(`${origin}/v1/streams/rewards?after=0`)
  onTestFinished(() => source.close())
  const got: number[] = []
  source.onmessage = ({ data }) => got.push(JSON.parse(data).n)
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 500; n++) streams.publish({ userId: 'u', n: round * 500 + n })
    await until(
      () => got.length > round * 500,
      () => `got ${got.length}`,
    )
    app.server.closeAllConnections()
  }
  await until(
    () => got.length >= 1_500,
    () => `got ${got.length}`,
  )
  expect(got).toEqual(Array.from({ length: 1_500 }, (_, n) => n))
})

test('a client that was connected and got no event resumes where it was', async () => {
  const { streams, app, origin } = await served()
  streams.publish({ userId: 'u', n: 0 })
  const source = new EventSource(`${origin}/v1/streams/rewards`)
  onTestFinished(() => source.close())
  const got: number[] = []
  source.onmessage = ({ data }) => got.push(JSON.parse(data).n)
  await until(
    () => streams.listeners === 1,
    () => 'never connected',
  )
  await until(
    () => streams.reads > 1,
    () => 'never served',
  )
  app.server.closeAllConnections()
  streams.publish({ userId: 'u', n: 1 })
  await expect.poll(() => got, { timeout: 10_000 }).toEqual([1])
})

test('a heartbeat comes every 15 seconds, and tells where filtered entries have moved the subscriber', async () => {
  const { streams, clock, origin } = await served()
  const got = await subscribe(`${origin}/v1/streams/rewards?userId=nobody`)
  await expect.poll(() => got.text).toContain('connected')
  streams.publish({ userId: 'u' }, { userId: 'u' })
  await expect.poll(() => streams.reads).toBe(3)
  for (const beats of [1, 2]) {
    clock.advance(LIMITS.streamHeartbeatMs)
    await expect.poll(() => got.text.match(/^: heartbeat$/gm)?.length).toBe(beats)
  }
  await expect.poll(() => got.id).toBe('2')
  expect(got.events).toEqual([])
})

/** A subscriber that reads nothing until it is told to. */
function lazySubscriber(origin: string, path: string) {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  return socket
}

const BIG = 'x'.repeat(20_000)

test('who takes nothing for 30 seconds is cut, and the store was not read ahead of it', async () => {
  const { streams, clock, origin } = await served()
  const total = 5_000
  streams.publish(...Array.from({ length: total }, (_, n) => ({ userId: 'u', n, text: BIG })))
  const socket = lazySubscriber(origin, '/v1/streams/rewards?after=0')
  await until(
    () => streams.listeners === 1,
    () => 'never connected',
  )
  await until(
    () => {
      clock.advance(1_000)
      return streams.listeners === 0
    },
    () => 'never cut',
  )
  expect(streams.reads).toBeLessThan(10)
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  socket.setEncoding('utf8').on('data', (text: string) => parser.feed(withoutChunks(text)))
  socket.resume()
  await until(
    () => socket.closed || socket.readableEnded,
    () => 'the connection was left open',
  )
  const cut = events.pop()!
  expect(cut).toMatchObject({ event: 'cut', id: events.at(-1)!.id })
  expect(JSON.parse(cut.data)).toMatchObject({ code: 'SLOW_READER', cursor: events.at(-1)!.id })
  expect(ids({ events })).toEqual(events.map((_, at) => `${at + 1}`))
  expect(events.length).toBeLessThan(total)
  const rest = await subscribe(`${origin}/v1/streams/rewards`, { 'last-event-id': cut.id! })
  await until(
    () => rest.events.length === total - events.length,
    () => `${rest.events.length} came`,
  )
})

/** The sizes between the chunks of the body stand on lines of their own, which no event has. */
function withoutChunks(text: string): string {
  return text.replace(/(\r\n)?[0-9a-f]+\r\n/g, '')
}

test('a cut subscriber that still takes nothing loses its connection', async () => {
  const { streams, clock, app, origin } = await served()
  streams.publish(...Array.from({ length: 5_000 }, (_, n) => ({ userId: 'u', n, text: BIG })))
  lazySubscriber(origin, '/v1/streams/rewards?after=0')
  await until(
    () => streams.listeners === 1,
    () => 'never connected',
  )
  const connections = () =>
    new Promise<number>((resolve) => {
      app.server.getConnections((_error, count) => resolve(count))
    })
  await until(
    async () => {
      clock.advance(1_000)
      return (await connections()) === 0
    },
    () => 'the connection is still there',
  )
})

test('a subscriber that goes is forgotten', async () => {
  const { streams, origin } = await served()
  const got = await subscribe(`${origin}/v1/streams/rewards`)
  await until(
    () => streams.listeners === 1,
    () => 'never connected',
  )
  got.stop.abort()
  await until(
    () => streams.listeners === 0,
    () => 'never forgotten',
  )
})

test('closing the API ends streams, idle and stalled, and does not wait for their readers', async () => {
  const { streams, app, origin } = await served()
  const idle = await subscribe(`${origin}/v1/streams/stages`)
  streams.publish(...Array.from({ length: 5_000 }, (_, n) => ({ userId: 'u', n, text: BIG })))
  const other = await subscribe(`${origin}/v1/streams/rewards`)
  lazySubscriber(origin, '/v1/streams/rewards?after=0')
  await until(
    () => streams.listeners === 3 && idle.events.length === 5_000,
    () => 'never connected',
  )
  await app.close()
  await until(
    () => idle.ended && other.ended && streams.listeners === 0,
    () => 'a stream did not end',
  )
  expect(idle.text.endsWith('\n\n')).toBe(true)
})

test.each([
  ['/v1/streams/nothing', {}, 404, 'UNKNOWN_STREAM'],
  ['/v1/streams/rewards?after=x', {}, 400, 'INVALID_REQUEST'],
  ['/v1/streams/rewards', { 'last-event-id': 'x' }, 400, 'INVALID_REQUEST'],
  ['/v1/streams/rewards?userId=', {}, 400, 'INVALID_REQUEST'],
  ['/v1/streams/rewards?from=1', {}, 400, 'INVALID_REQUEST'],
])('GET %s with %j is refused before anything is sent', async (url, headers, status, code) => {
  const app = testApi(stubEngine({ streams: new MemoryStreams() }))
  expect((await app.inject({ url, headers })).json()).toMatchObject({ status, code })
})

test('HEAD answers and ends', async () => {
  const { origin } = await served()
  const response = await fetch(`${origin}/v1/streams/rewards`, { method: 'HEAD' })
  expect([response.status, await response.text()]).toEqual([200, ''])
  expect(response.headers.get('content-type')).toContain('text/event-stream')
})

test('past the bound of subscribers the next is told to come later, and when stopping none is let in', async () => {
  const subscribers = new Subscribers(new MemoryStreams(), 0)
  expect(() => subscribers.checkRoom(undefined)).toThrow(
    expect.objectContaining({ code: 'OVERLOADED', retryAfterSeconds: 5 }),
  )
  subscribers.stop()
  expect(() => subscribers.checkRoom(undefined)).toThrow(expect.objectContaining({ code: 'NOT_READY' }))
})

test('one API key cannot have all subscribers, and each that leaves makes room again', async () => {
  const { streams, clock } = await served()
  const keys = readApiKeys('shop shop-key-of-some-length\nother other-key-of-some-length\n', 'keys')
  const app = testApi(stubEngine({ streams }), { clock, keys })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const path = `${origin}/v1/streams/rewards`
  const as = (key: string) => subscribe(path, { authorization: `Bearer ${key}-key-of-some-length` })
  const share = LIMITS.subscribersMax * LIMITS.subscribersKeyShare
  const all = await Promise.all(Array.from({ length: share }, () => as('shop')))
  expect(all.filter(({ response }) => response.status !== 200)).toEqual([])
  expect((await as('shop')).response.status).toBe(429)
  expect((await as('other')).response.status).toBe(200)
  all[0]!.stop.abort()
  await expect.poll(async () => (await as('shop')).response.status).toBe(200)
})
