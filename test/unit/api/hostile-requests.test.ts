import { once } from 'node:events'
import { connect } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { segmentBatch } from '../../../api/front-doors/segment.ts'
import { parseNdjson } from '../../../api/json-body.ts'
import { PulseprintError } from '../../../src/errors.ts'
import { LIMITS } from '../../../src/limits.ts'
import { type LogLine, postJson, testApi } from '../../support/api.ts'
import { stubEngine } from '../../support/stub-engine.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }

test.each([
  ['nothing', ''],
  ['malformed JSON', '{"userId":'],
  ['a NaN literal', '{"userId":"u","action":"x","properties":{"price":NaN}}'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['a NUL', Buffer.from([0])],
])('a body of %s is 400 MALFORMED_BODY', async (_what, body) => {
  const app = testApi(stubEngine())
  for (const url of ['/v1/actions', '/v1/batch', '/v1/track', '/v1/profiles/query']) {
    const response = await postJson(app, url, body)
    expect([url, response.json().status, response.json().code]).toEqual([url, 400, 'MALFORMED_BODY'])
    expect(response.headers['content-type']).toContain('application/problem+json')
  }
})

test.each(['7', '"x"', 'null', '{"actions":{}}'])(
  'a body that is the JSON %s is 400 INVALID_REQUEST',
  async (body) => {
    expect((await postJson(testApi(stubEngine()), '/v1/actions', body)).json()).toMatchObject({
      code: 'INVALID_REQUEST',
    })
  },
)

test.each([
  ['a hundred thousand nested lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, '/0'],
  ['a hundred thousand nested objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, '/0/action'],
  [
    'deep properties',
    `{"userId":"u","action":"x","properties":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
    '/0/properties',
  ],
  [
    'a __proto__ key',
    '{"userId":"u","action":"x","properties":{"__proto__":{"a":1}}}',
    '/0/properties/__proto__',
  ],
  ['an id with a control character', '{"userId":"u\\u0000","action":"x"}', '/0/userId'],
  ['an id of 10 KB', `{"userId":"${'u'.repeat(10_240)}","action":"x"}`, '/0/userId'],
  ['the reserved prefix', '{"userId":"anonymous:a","action":"x"}', '/0/userId'],
  [
    'a number that is no double',
    '{"userId":"u","action":"x","properties":{"price":1e400}}',
    '/0/properties/price',
  ],
])('%s: 422 with the path, and nothing is taken', async (_what, body, path) => {
  const engine = stubEngine()
  const response = await postJson(testApi(engine), '/v1/actions', body)
  const { receipts } = response.json()
  expect([response.statusCode, receipts[0].status, receipts[0].error.code]).toEqual([
    422,
    'rejected',
    'INVALID_ACTION',
  ])
  expect(receipts[0].error.path.startsWith(path)).toBe(true)
  expect(engine.submitted).toEqual([])
  expect(({} as { a?: unknown }).a).toBeUndefined()
})

test('a time in the year 9999 is 422 IN_THE_FUTURE', async () => {
  const body = { userId: 'u', action: 'x', occurredAt: '9999-12-31T23:59:59Z' }
  const response = await postJson(testApi(stubEngine()), '/v1/actions', body)
  expect([response.statusCode, response.json().receipts[0].error.code]).toEqual([422, 'IN_THE_FUTURE'])
})

test('a packed body that is cut short or broken is 400, an unknown packing 415, a bomb 413', async () => {
  const app = testApi(stubEngine(), { bodyBytesMax: 1024 * 1024 })
  const packed = gzipSync(JSON.stringify({ userId: 'u', action: 'x' }))
  const bomb = Buffer.alloc(200 * 1024 * 1024)
  const post = async (encoding: string, payload: Buffer) => {
    const headers = { ...JSON_HEADERS, 'content-encoding': encoding }
    return (await app.inject({ method: 'POST', url: '/v1/actions', headers, payload })).json()
  }
  expect(await post('gzip', packed.subarray(0, -4))).toMatchObject({ status: 400, code: 'MALFORMED_BODY' })
  expect(await post('gzip', Buffer.from('{}'))).toMatchObject({ status: 400, code: 'MALFORMED_BODY' })
  expect(await post('br', packed)).toMatchObject({ status: 400, code: 'MALFORMED_BODY' })
  expect(await post('compress', packed)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  expect(await post('constructor', packed)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  expect(await post('gzip', gzipSync(bomb, { level: 1 }))).toMatchObject({
    status: 413,
    code: 'BODY_TOO_LARGE',
  })
  expect(await post('br', brotliCompressSync(bomb.subarray(0, 1_100_000)))).toMatchObject({ status: 413 })
})

test('the media type must be JSON or NDJSON on the front door of the engine', async () => {
  const app = testApi(stubEngine())
  for (const type of ['application/x-www-form-urlencoded', 'application/xml', ';;;']) {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/actions',
      headers: { 'content-type': type },
      payload: '{}',
    })
    expect(response.json()).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  }
})

test('addresses that are wrong, too long or not percent-encoded, and wrong methods, are clear 4xx', async () => {
  const app = testApi(stubEngine())
  const problem = async (method: 'GET' | 'DELETE', url: string) => (await app.inject({ method, url })).json()
  expect(await problem('GET', '/v2/profiles')).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  expect(await problem('GET', '/v1/profiles/u')).toMatchObject({ status: 404, code: 'UNKNOWN_USER' })
  expect(await problem('GET', '/v1/profiles/%ff')).toMatchObject({ status: 400, code: 'INVALID_REQUEST' })
  expect(await problem('GET', '/v1/profiles/%00')).toMatchObject({
    status: 400,
    code: 'INVALID_REQUEST',
    path: 'userId',
  })
  expect(await problem('GET', '/v1/profiles/anonymous:')).toMatchObject({
    status: 400,
    code: 'INVALID_REQUEST',
  })
  expect(await problem('GET', `/v1/profiles/${'u'.repeat(257)}`)).toMatchObject({
    status: 400,
    code: 'INVALID_REQUEST',
  })
  expect(await problem('GET', `/v1/profiles/${'u'.repeat(9_000)}`)).toMatchObject({
    status: 400,
    code: 'INVALID_REQUEST',
  })
  expect(await problem('DELETE', '/v1/profiles/u')).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' })
  const wrong = await app.inject({ method: 'PUT', url: '/v1/actions' })
  expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, 'POST'])
})

test.each([
  ['OVERLOADED', 429],
  ['NOT_READY', 503],
  ['NOT_YET_APPLIED', 503],
  ['STORAGE_UNAVAILABLE', 503],
  ['OWNER_UNREACHABLE', 503],
] as const)('%s is %i and says when to retry', async (code, status) => {
  const fail = async () => {
    throw new PulseprintError(code, 'why')
  }
  const app = testApi(stubEngine({ submit: fail }, { profile: fail }))
  for (const response of [
    await postJson(app, '/v1/actions', { userId: 'u', action: 'x' }),
    await postJson(app, '/v1/track', { userId: 'u', event: 'x' }),
    await app.inject('/v1/profiles/u'),
  ]) {
    expect(response.json()).toMatchObject({ status, code, detail: 'why', type: `/docs#${code}` })
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
  }
})

test("the engine's own mistake is 500 INTERNAL without its text, which is in the log", async () => {
  const log: LogLine[] = []
  const profile = async () => {
    throw new TypeError('secret of the house')
  }
  const response = await testApi(stubEngine({}, { profile }), { log }).inject('/v1/profiles/u')
  expect(response.json()).toMatchObject({ status: 500, code: 'INTERNAL' })
  expect(response.body).not.toContain('secret')
  expect(log).toMatchObject([
    { level: 'error', facts: { route: '/v1/profiles/:userId', stack: expect.stringContaining('secret') } },
  ])
})

/** Sends bytes to a listening API and returns all it answers until it closes the connection. */
async function exchange(send: (socket: ReturnType<typeof connect>) => void): Promise<string> {
  const app = testApi(stubEngine())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes
  })
  send(socket)
  await once(socket, 'close')
  return answer
}

test('what is not HTTP is 400, headers without end are 431, each as problem+json', async () => {
  const noise = await exchange((socket) => socket.write('hello\r\n\r\n'))
  expect(noise).toMatch(/^HTTP\/1.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"INVALID_REQUEST"/)
  const endless = await exchange((socket) =>
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
  )
  expect(endless).toMatch(/^HTTP\/1.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/)
})

test('a request that does not arrive in time is 408 REQUEST_TIMEOUT, and its connection is closed', async () => {
  const answer = await exchangeAfterTimeout()
  expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"REQUEST_TIMEOUT"/)
})

/**
 * Node checks for slow requests every half minute; here the server is told at once that one was too
 * slow.
 */
async function exchangeAfterTimeout(): Promise<string> {
  const app = testApi(stubEngine())
  app.server.on('connection', (socket) => {
    const timeout = Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    socket.once('data', () => app.server.emit('clientError', timeout, socket))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes
  })
  socket.write('POST /v1/actions HTTP/1.1\r\n')
  await once(socket, 'close')
  return answer
}

test('a body of 100 MB is 413, readable by the client, and the connection serves the next request', async () => {
  const app = testApi(stubEngine())
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const head = (size: number) =>
    `POST /v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`
  const size = 100 * 1024 * 1024
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes
  })
  socket.write(head(size))
  const part = Buffer.alloc(1024 * 1024, 'x')
  for (let sent = 0; sent < size; sent += part.length) {
    if (!socket.write(part)) await once(socket, 'drain')
  }
  const next = '{"id":"after","userId":"u","action":"x"}'
  socket.write(head(next.length) + next)
  await expect.poll(() => answer).toContain('"id":"after"')
  expect(answer).toMatch(/^HTTP\/1.1 413 [\s\S]*"code":"BODY_TOO_LARGE"[\s\S]*HTTP\/1.1 200 /)
  socket.destroy()
})

test('a body of unknown length is cut off at the limit', async () => {
  const app = testApi(stubEngine(), { bodyBytesMax: 1_000 })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(Buffer.alloc(600, ' '))
      controller.enqueue(Buffer.alloc(600, ' '))
      controller.close()
    },
  })
  const response = await fetch(`${origin}/v1/actions`, {
    method: 'POST',
    body,
    headers: JSON_HEADERS,
    duplex: 'half',
  } as RequestInit)
  expect(await response.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
})

test('of millions of tiny items only one more is read than a request may have, and it is 413', async () => {
  const readMax = LIMITS.requestActionsMax + 1
  const lines = Buffer.from('x\n'.repeat(readMax + 5))
  expect(parseNdjson(lines)).toHaveLength(readMax)
  const batch = { batch: new Array(readMax + 5).fill({}) }
  expect(segmentBatch(batch, 0)).toHaveLength(readMax)
  const app = testApi(stubEngine())
  const headers = { 'content-type': 'application/x-ndjson' }
  const ndjson = await app.inject({ method: 'POST', url: '/v1/actions', headers, payload: lines })
  for (const { statusCode } of [ndjson, await postJson(app, '/v1/batch', batch)]) expect(statusCode).toBe(413)
})

test('a query with repeated fields reads each once, and one with too many, or too large, is refused', async () => {
  let asked: readonly string[] | undefined
  const profile = async (parameters: { fields?: readonly string[] }) => {
    asked = parameters.fields
    return undefined
  }
  const app = testApi(stubEngine({}, { profile }))
  const query = (body: unknown) => postJson(app, '/v1/profiles/query', body)
  const repeated = Array.from({ length: LIMITS.queryFieldsMax }, () => 'n')
  expect((await query({ userIds: ['u'], fields: repeated })).statusCode).toBe(200)
  expect(asked).toEqual(['n'])
  expect((await query({ userIds: ['u'], fields: [...repeated, 'n'] })).statusCode).toBe(400)
  const large = await query({ userIds: ['u'], fields: ['x'.repeat(LIMITS.queryBodyBytesMax)] })
  expect([large.statusCode, large.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
})
