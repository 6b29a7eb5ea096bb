import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { LmdbActionLog } from '../../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbStreamStore } from '../../../src/adapters/lmdb/lmdb-stream-store.ts'
import { encodeChunk, encodeRecord } from '../../../src/ingest/records.ts'
import { LIMITS } from '../../../src/limits.ts'
import type { Action } from '../../../src/model/action.ts'
import { StoredStreams } from '../../../src/streams/stream-reader.ts'
import type { Publication, StreamEntry } from '../../../src/streams/stream-store.ts'
import { temporaryFolder } from '../../support/folders.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }
const AT = Date.parse('2026-11-20T09:30:00.123Z')

const action = (id: string, user = 'u-1', name = 'view'): Action => ({
  id,
  user,
  action: name,
  occurredAt: AT,
  properties: {},
})

function engine() {
  const folder = temporaryFolder()
  const log = new LmdbActionLog(join(folder, 'log'), identity)
  const store = new LmdbStreamStore(join(folder, 'streams'), identity)
  onTestFinished(async () => {
    await store.close()
    await log.close()
  })
  const streams = new StoredStreams(['actions', 'stages', 'rewards'], store, log)
  const publish = async (shard: number, actions: Action[], refused: number[] = []) => {
    const [sequence] = await log.append([
      { shard, payload: encodeRecord(AT, 1, actions.length, [encodeChunk(actions)]) },
    ])
    await store.publish([{ shard, sequence: sequence!, refused, entries: new Map() }])
    return sequence!
  }
  return { log, store, streams, publish }
}

const decision = (id: string, userId = 'u-1', name?: string): StreamEntry => ({
  id,
  userId,
  ...(name && { action: name }),
  data: `{"id":"${id}"}`,
})

const rewards = (shard: number, sequence: number, ...entries: StreamEntry[]): Publication => ({
  shard,
  sequence,
  refused: undefined,
  entries: new Map([['rewards', entries]]),
})

/**
 * Reads on until there is no more, `limit` at a time; every read goes on where the one before said,
 * or its last entry.
 */
async function readAll(streams: StoredStreams, stream: string, limit: number, byEntry: boolean, filter = {}) {
  const found: string[] = []
  for (let cursor = '0'; ; ) {
    const page = await streams.read(stream, cursor, filter, limit)
    expect(page.entries.length).toBeLessThanOrEqual(limit)
    found.push(...page.entries.map(({ id }) => id))
    if (!page.more && page.entries.length === 0) return found
    cursor = (byEntry ? page.entries.at(-1)?.cursor : undefined) ?? page.cursor
  }
}

describe('the stream `actions`', () => {
  test('gives accepted actions, standardised, from the log', async () => {
    const { streams, publish } = engine()
    const whole: Action = {
      ...action('a-1'),
      anonymousId: 'v-1',
      object: { type: 'product', id: 'p-5' },
      channel: 'ios',
      place: 'Berlin',
      properties: { price: 12.5 },
    }
    const refused = [action('twice'), whole, action('late')]
    const sequence = await publish(3, refused, [0, 2])
    await publish(2, [action('a-2', 'anonymous:v-9')])
    const { entries, more } = await streams.read('actions', '0', {}, 10)
    expect(more).toBe(false)
    expect(entries.map(({ data }) => JSON.parse(data))).toEqual([
      {
        id: 'a-1',
        userId: 'u-1',
        anonymousId: 'v-1',
        action: 'view',
        occurredAt: '2026-11-20T09:30:00.123Z',
        object: { type: 'product', id: 'p-5' },
        channel: 'ios',
        place: 'Berlin',
        properties: { price: 12.5 },
        shard: 3,
        sequence,
      },
      {
        id: 'a-2',
        anonymousId: 'v-9',
        action: 'view',
        occurredAt: '2026-11-20T09:30:00.123Z',
        properties: {},
        shard: 2,
        sequence: 1,
      },
    ])
  })

  test.each([1, 3, 100])(
    'gives each action once, in order, %i at a time, resumed after any',
    async (limit) => {
      const { streams, publish } = engine()
      const expected: string[] = []
      for (let record = 0; record < 8; record++) {
        const actions = Array.from({ length: record * 3 + 1 }, (_, at) => action(`${record}.${at}`))
        const refused = [0, 4].filter((at) => at < actions.length)
        await publish(record % 4, actions, refused)
        expected.push(...actions.filter((_, at) => !refused.includes(at)).map(({ id }) => id))
      }
      for (const byEntry of [true, false])
        expect(await readAll(streams, 'actions', limit, byEntry)).toEqual(expected)
    },
  )

  test('filters by profile key and by name, and moves on over what is not wanted', async () => {
    const { streams, publish, store } = engine()
    await publish(0, [
      action('1', 'u', 'buy'),
      action('2', 'v', 'buy'),
      action('3', 'u'),
      action('4', 'anonymous:u'),
    ])
    const wanted = async (filter: object) =>
      (await streams.read('actions', '0', filter, 9)).entries.map(({ id }) => id)
    expect(await wanted({ userId: 'u' })).toEqual(['1', '3'])
    expect(await wanted({ userId: 'anonymous:u' })).toEqual(['4'])
    expect(await wanted({ action: 'buy' })).toEqual(['1', '2'])
    expect(await wanted({ userId: 'u', action: 'buy' })).toEqual(['1'])
    expect(await streams.read('actions', '0', { userId: 'x' }, 9)).toEqual({
      entries: [],
      cursor: String(store.head()),
      more: false,
    })
  })

  test('goes on after a record that the log no longer holds', async () => {
    const { log, streams, publish } = engine()
    await publish(0, [action('gone')])
    await publish(0, [action('there')])
    await log.trim(0, 1)
    expect(await readAll(streams, 'actions', 9, false)).toEqual(['there'])
  })

  test('decodes a record once for many subscribers, and keeps no more than a bound', async () => {
    const { log, store, streams, publish } = engine()
    const large = () => ({ ...action('large'), properties: { text: 'x'.repeat(3_000_000) } })
    for (let at = 0; at < 5; at++) await publish(0, [large()])
    let gets = 0
    const counting = {
      get: (shard: number, sequence: number) => {
        gets++
        return log.get(shard, sequence)
      },
    }
    const reader = new StoredStreams(streams.names, store, counting)
    const last = String(store.head() - 1)
    await Promise.all(Array.from({ length: 50 }, () => reader.read('actions', last, {}, 9)))
    expect(gets).toBe(1)
    await readAll(reader, 'actions', 9, false)
    const after = gets
    await reader.read('actions', last, {}, 9)
    expect(gets).toBe(after)
    // The first has made room for later ones.
    await reader.read('actions', '0', {}, 1)
    expect(gets).toBeGreaterThan(after)
  })
})

describe('a stream of decisions', () => {
  test('gives each once, in order, also of records with many, resumed after any', async () => {
    const { store, streams } = engine()
    const expected: string[] = []
    for (let sequence = 1; sequence <= 150; sequence++) {
      const entries = Array.from({ length: sequence % 7 }, (_, at) => decision(`1.${sequence}.${at}.0`))
      expected.push(...entries.map(({ id }) => id))
      await store.publish([rewards(1, sequence, ...entries)])
    }
    for (const limit of [1, 5, 1_000]) {
      for (const byEntry of [true, false])
        expect(await readAll(streams, 'rewards', limit, byEntry)).toEqual(expected)
    }
    expect(await readAll(streams, 'stages', 5, false)).toEqual([])
  })

  test('filters by user and by the action that caused them, which time is not', async () => {
    const { store, streams } = engine()
    await store.publish([
      rewards(0, 1, decision('1', 'u', 'buy'), decision('2', 'v', 'buy'), decision('3', 'u')),
    ])
    expect(await readAll(streams, 'rewards', 9, false, { action: 'buy' })).toEqual(['1', '2'])
    expect(await readAll(streams, 'rewards', 9, false, { userId: 'u' })).toEqual(['1', '3'])
  })

  test('gives at a time about as much text as its bound', async () => {
    const { store, streams } = engine()
    const data = JSON.stringify('x'.repeat(20_000))
    await store.publish([
      rewards(0, 1, ...Array.from({ length: 50 }, (_, at) => ({ ...decision(`${at}`), data }))),
    ])
    const page = await streams.read('rewards', '0', {}, 1_000)
    expect(page.more).toBe(true)
    expect(page.entries.length).toBe(Math.ceil(LIMITS.streamPageTextMax / data.length))
    expect(await readAll(streams, 'rewards', 1_000, true)).toHaveLength(50)
  })

  test('wakes its own subscribers only', async () => {
    const { store, streams } = engine()
    const woken: string[] = []
    for (const stream of ['rewards', 'stages']) streams.onPublished(stream, () => woken.push(stream))
    await store.publish([rewards(0, 1, decision('1'))])
    expect(woken).toEqual(['rewards'])
    expect((await streams.read('rewards', '0', {}, 9)).cursor).toBe(await streams.head())
  })
})

describe('once the streams are trimmed', () => {
  /** Four records of three actions, each with a reward; the first two are trimmed. */
  async function trimmed() {
    const parts = engine()
    const { store, log, publish } = parts
    for (let record = 0; record < 4; record++) {
      const sequence = await publish(
        0,
        [0, 1, 2].map((at) => action(`${record}.${at}`)),
      )
      await store.publish([rewards(1, sequence, decision(`r${record}`))])
    }
    const places = { actions: store.read('actions', 0, 9), rewards: store.read('rewards', 0, 9) }
    await store.trim(1, 2)
    await log.trim(0, await store.trim(0, 2))
    expect(log.tail(0)).toBe(3)
    return { ...parts, places }
  }

  test('0 is the beginning of what is held', async () => {
    const { streams } = await trimmed()
    for (const byEntry of [true, false]) {
      const found = await readAll(streams, 'actions', 2, byEntry)
      expect(found.join(' ')).toBe('2.0 2.1 2.2 3.0 3.1 3.2')
      expect(await readAll(streams, 'rewards', 1, byEntry)).toEqual(['r2', 'r3'])
    }
  })

  test('a place after which something is gone is refused, one after which nothing is, is not', async () => {
    const { streams, places } = await trimmed()
    for (const stream of ['actions', 'rewards'] as const) {
      const [first, second, third] = places[stream].map(({ number }) => number)
      for (const cursor of [`${first}`, `${second}.0`, `${second}.2`])
        await expect(streams.read(stream, cursor, {}, 9)).rejects.toMatchObject({ code: 'CURSOR_TOO_OLD' })
      for (const cursor of [`${second}`, `${third}.0`]) {
        const { entries } = await streams.read(stream, cursor, {}, 99)
        expect(entries.length).toBeGreaterThan(0)
      }
    }
  })

  test('a reader whose next record goes while it reads is refused, not given less', async () => {
    const { store, log, publish } = engine()
    for (let record = 0; record < 3; record++) await publish(0, [action(`${record}`)])
    const [first] = store.read('actions', 0, 1)
    const trimming = {
      async get(shard: number, sequence: number) {
        await log.trim(shard, await store.trim(shard, 2))
        return log.get(shard, sequence)
      },
    }
    const reader = new StoredStreams(['actions'], store, trimming)
    await expect(reader.read('actions', `${first!.number}`, {}, 9)).rejects.toMatchObject({
      code: 'CURSOR_TOO_OLD',
    })
  })
})

test.each(['', 'x', '-1', '1.', '1.5.2', '99999999999999999', '7'])(
  'the text %j is refused as a cursor',
  async (cursor) => {
    const { streams } = engine()
    await expect(streams.read('rewards', cursor, {}, 9)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  },
)
