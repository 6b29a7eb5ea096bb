import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { PulseprintError } from '../../../src/errors.ts'
import { OUTCOME } from '../../../src/ingest/batch.ts'
import { LIMITS } from '../../../src/limits.ts'
import type { ProfileParameters } from '../../../src/questions/profile.ts'
import { postJson, testApi } from '../../support/api.ts'
import { STUB_SEQUENCE, stubEngine } from '../../support/stub-engine.ts'

const action = (id: string, more: object = {}) => ({ id, userId: 'u', action: 'purchase', ...more })

test('one action, an array and {"actions"} are all taken, each with its receipt in order', async () => {
  const app = testApi(stubEngine())
  for (const body of [action('a'), [action('a'), action('b')], { actions: [action('a'), action('b')] }]) {
    const response = await postJson(app, '/v1/actions', body)
    expect(response.statusCode).toBe(200)
    const ids = response.json().receipts.map(({ id }: { id: string }) => id)
    expect(ids).toEqual('id' in body ? ['a'] : ['a', 'b'])
    expect(response.json().receipts[0]).toMatchObject({ status: 'accepted', sequence: STUB_SEQUENCE })
  }
})

test('an empty array is answered with no receipts and appends nothing', async () => {
  const engine = stubEngine()
  const response = await postJson(testApi(engine), '/v1/actions', [])
  expect([response.statusCode, response.json()]).toEqual([200, { receipts: [] }])
  expect(engine.submitted).toEqual([])
})

test('an action without an id gets one', async () => {
  const response = await postJson(testApi(stubEngine()), '/v1/actions', { userId: 'u', action: 'x' })
  expect(response.json().receipts[0].id).toMatch(/^[0-9a-f-]{36}$/)
})

test('a bad item is rejected with its path and spoils no neighbour', async () => {
  const body = [action('a'), action('b', { occurredAt: 'soon' }), action('c')]
  const response = await postJson(testApi(stubEngine()), '/v1/actions', body)
  expect(response.statusCode).toBe(207)
  expect(response.json().receipts).toMatchObject([
    { id: 'a', status: 'accepted' },
    { id: 'b', status: 'rejected', error: { code: 'INVALID_ACTION', path: '/1/occurredAt' } },
    { id: 'c', status: 'accepted' },
  ])
})

test('every bad line of NDJSON is a rejected receipt of its own, and blank lines are none', async () => {
  const lines = [
    '{"id":"a","userId":"u","action":"x"}',
    '{bad',
    '',
    '{"id":"b","userId":"u","action":"x"}\r',
    '\xff',
  ]
  const response = await testApi(stubEngine()).inject({
    method: 'POST',
    url: '/v1/actions',
    headers: { 'content-type': 'application/x-ndjson; charset=utf-8' },
    payload: Buffer.from(lines.join('\n'), 'latin1'),
  })
  expect(response.statusCode).toBe(207)
  expect(response.json().receipts).toMatchObject([
    { id: 'a', status: 'accepted' },
    { id: null, error: { code: 'MALFORMED_BODY', path: '/1', message: expect.stringContaining('line 2') } },
    { id: 'b', status: 'accepted' },
    {
      id: null,
      error: { code: 'MALFORMED_BODY', message: expect.stringContaining('line 5: it is not valid UTF-8') },
    },
  ])
})

test('the status says whether all were rejected, and whether they could be read', async () => {
  const app = testApi(stubEngine())
  expect((await postJson(app, '/v1/actions', [{}, 7, null])).statusCode).toBe(422)
  const ndjson = { 'content-type': 'application/x-ndjson' }
  const unreadable = await app.inject({
    method: 'POST',
    url: '/v1/actions',
    headers: ndjson,
    payload: '{bad\n{worse',
  })
  expect(unreadable.statusCode).toBe(400)
})

test('the answer waits until the actions are applied, so that duplicates and late ones are known', async () => {
  const engine = stubEngine()
  engine.submit = async (batch, wait) => {
    engine.submitted.push({ batch, wait })
    return {
      sequences: [1],
      outcomes: [[OUTCOME.accepted, OUTCOME.duplicate, OUTCOME.tooLate]],
      effects: [[]],
    }
  }
  const app = testApi(engine)
  const response = await postJson(app, '/v1/actions?wait=applied', [action('a'), action('a'), action('b')])
  expect(engine.submitted[0]?.wait).toBe('applied')
  expect(response.json().receipts).toMatchObject([
    { status: 'accepted' },
    { status: 'duplicate' },
    { status: 'rejected', error: { code: 'TOO_LATE', path: '/2/occurredAt' } },
  ])
  const metrics = (await app.inject('/metrics')).body
  for (const status of ['accepted', 'duplicate', 'rejected']) {
    expect(metrics).toContain(`pulseprint_actions_total{status="${status}"} 1`)
  }
})

test('return=features reads each user once and puts the features on the receipts', async () => {
  const asked: string[] = []
  const profile = async ({ user }: ProfileParameters) => {
    asked.push(user)
    const asOf = { shard: 0, epoch: 1, sequence: 1, at: '' }
    return { userId: user, features: { purchases: 2 }, asOf, source: 'live' as const }
  }
  const body = [action('a'), action('b'), { id: 'c', anonymousId: 'v', action: 'x' }, {}]
  const response = await postJson(testApi(stubEngine({}, { profile })), '/v1/actions?return=features', body)
  expect(response.json().receipts.map((receipt: { features?: object }) => receipt.features)).toEqual([
    { purchases: 2 },
    { purchases: 2 },
    { purchases: 2 },
    undefined,
  ])
  expect(asked).toEqual(['u', 'anonymous:v'])
})

test('return=stage,decisions puts the stage and just what the action itself caused on its receipt', async () => {
  const origin = {
    user: 'u',
    at: 0,
    position: 1,
    payload: { points: 9 },
    badge: undefined,
    stream: 'rewards',
  }
  const caused = {
    kind: 'decision',
    id: '0.1.1.1',
    rule: 'big',
    actionId: 'b',
    action: 'x',
    ...origin,
  } as const
  const fellDue = { ...caused, id: '0.1.1.0', rule: 'gone', actionId: undefined, action: undefined }
  const engine = stubEngine(
    {
      submit: async () => ({ sequences: [1], outcomes: [[0, 0]], effects: [[fellDue, caused]] }),
    },
    {
      async profile({ user }: ProfileParameters) {
        const stage = { name: 'loyal', since: '2026-11-20T00:00:00.000Z', history: [] }
        return {
          userId: user,
          features: {},
          stage,
          asOf: { shard: 0, epoch: 1, sequence: 1, at: '' },
          source: 'live',
        }
      },
    },
  )
  const body = ['a', 'b'].map((id) => ({ id, userId: 'u', action: 'x' }))
  const response = await postJson(testApi(engine), '/v1/actions?return=stage,decisions', body)
  const [first, second] = response.json().receipts
  expect([first.stage.name, first.decisions, first.features]).toEqual(['loyal', [], undefined])
  expect(second.decisions).toEqual([
    {
      id: '0.1.1.1',
      userId: 'u',
      rule: 'big',
      at: '1970-01-01T00:00:00.000Z',
      actionId: 'b',
      payload: { points: 9 },
    },
  ])
})

test('what cannot be returned is refused before anything is taken', async () => {
  const engine = stubEngine()
  for (const what of ['everything', 'features,', 'features,badges']) {
    const response = await postJson(testApi(engine), `/v1/actions?return=${what}`, action('a'))
    expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_REQUEST', path: '?return' })
  }
  expect(engine.submitted).toEqual([])
})

test('bodies may be packed with gzip, br or deflate in both its forms', async () => {
  const app = testApi(stubEngine())
  const body = Buffer.from(JSON.stringify(action('a')))
  const packed = {
    gzip: [gzipSync(body)],
    br: [brotliCompressSync(body)],
    deflate: [deflateSync(body), deflateRawSync(body)],
  }
  for (const [encoding, payloads] of Object.entries(packed)) {
    for (const payload of payloads) {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
      const response = await app.inject({ method: 'POST', url: '/v1/actions', headers, payload })
      expect([encoding, response.statusCode]).toEqual([encoding, 200])
    }
  }
})

test('an action that was applied has its receipt, also where its features cannot be read', async () => {
  const profile = async () => {
    throw new PulseprintError('OVERLOADED', 'too many requests wait for this user')
  }
  const response = await postJson(
    testApi(stubEngine({}, { profile })),
    '/v1/actions?return=features',
    action('a'),
  )
  const [receipt] = response.json().receipts
  expect([response.statusCode, receipt.status, receipt.features]).toEqual([200, 'accepted', undefined])
})

test('more actions than one request may have are refused whole', async () => {
  const engine = stubEngine()
  const body = new Array(LIMITS.requestActionsMax + 1).fill(1)
  for (const [url, payload] of [
    ['/v1/actions', body],
    ['/v1/batch', { batch: body }],
  ] as const) {
    expect((await postJson(testApi(engine), url, payload)).json()).toMatchObject({
      status: 413,
      code: 'BODY_TOO_LARGE',
    })
  }
  expect(engine.submitted).toEqual([])
})

test('Segment batches are answered once durable; events that were not taken are listed, counted and logged', async () => {
  const engine = stubEngine()
  const log: { level: string; message: string }[] = []
  const app = testApi(engine, { log: log as never })
  const event = { type: 'track', userId: 'u', event: 'e' }
  const good = await postJson(app, '/v1/batch', { batch: [event, event] })
  expect([good.statusCode, good.body]).toEqual([200, '{"success":true}'])
  expect(engine.submitted[0]?.wait).toBe('durable')

  const mixed = await postJson(app, '/v1/batch', { batch: [event, { ...event, timestamp: 'soon' }] })
  expect([mixed.statusCode, mixed.json()]).toMatchObject([
    200,
    { success: true, rejected: [{ index: 1, code: 'INVALID_ACTION', path: '/1/timestamp' }] },
  ])
  const bad = await postJson(app, '/v1/track', { userId: 'u' })
  expect([bad.statusCode, bad.json()]).toMatchObject([
    400,
    { success: false, rejected: [{ path: '/0/event' }] },
  ])
  expect(log.map(({ level }) => level)).toEqual(['warn'])
  const metrics = (await app.inject('/metrics')).body
  expect(metrics).toContain('pulseprint_actions_total{status="logged"} 3')
  expect(metrics).toContain('pulseprint_actions_total{status="rejected"} 2')
})

test('Segment calls are read as JSON whatever their media type says', async () => {
  const app = testApi(stubEngine())
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
    const headers = type === undefined ? {} : { 'content-type': type }
    const payload = '{"userId":"u","event":"e"}'
    expect((await app.inject({ method: 'POST', url: '/v1/track', headers, payload })).statusCode).toBe(200)
  }
})
