// Whatever a client sends: a clear 4xx with a code of the registry, a server that goes on, and
// nobody else disturbed.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from '../../src/errors.ts'
import { EngineProcess } from '../support/engine.ts'
import { rawRequest } from '../support/raw-http.ts'

const MIB = 1024 * 1024
const HUGE = 100 * MIB
/**
 * What the process may hold at its peak, with bodies of 100 MB and bombs thrown at it from all
 * sides.
 */
const PEAK_MEMORY_MIB = 700

const DEFINITION = `version: 1
features:
  n: { aggregate: count }
  spend: { aggregate: sum, of: properties.price }
`

let engine: EngineProcess
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pulseprint-bad-input-'))
  const path = join(folder, 'definition.yaml')
  await writeFile(path, DEFINITION)
  engine = await EngineProcess.start(path)
  const good = await post('{"userId":"good","action":"a","properties":{"price":2}}')
  expect(good.status).toBe(200)
})

afterAll(async () => {
  await engine?.remove()
  await rm(folder, { recursive: true, force: true })
})

type Body = NonNullable<RequestInit['body']>

function post(body: Body, headers: Record<string, string> = {}, path = '/v1/actions'): Promise<Response> {
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } }
  return fetch(engine.url + path, { ...init, duplex: 'half' } as RequestInit)
}

/** Checks that it is a clear refusal with this code, and that the good user never noticed. */
async function refused(status: number, text: string, code: ErrorCode): Promise<void> {
  expect([status, text.slice(0, 2_000)]).toEqual([ERRORS[code].status, expect.stringContaining(`"${code}"`)])
  expect(text.length).toBeLessThan(10_000)
  expect(text).not.toMatch(/\bat .*\.(ts|js|mjs):\d/)
  const problem = JSON.parse(text)
  const message = problem.detail ?? problem.receipts[0].error.message
  expect(message.length).toBeGreaterThan(10)
  const profile = await engine.json<{ features: unknown }>('/v1/profiles/good')
  expect(profile.features).toEqual({ n: 1, spend: 2 })
}

const item = (fields: string) => `{"userId":"bad","action":"a",${fields}}`
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

test.each<[string, string | Uint8Array, ErrorCode]>([
  ['no body', '', 'MALFORMED_BODY'],
  ['text', 'hello', 'MALFORMED_BODY'],
  ['JSON cut short', '{"userId":"bad","action":', 'MALFORMED_BODY'],
  ['a number', '5', 'INVALID_REQUEST'],
  ['null', 'null', 'INVALID_REQUEST'],
  ['actions that are no array', '{"actions":{"0":{}}}', 'INVALID_REQUEST'],
  ['NaN', item('"properties":{"a":NaN}'), 'MALFORMED_BODY'],
  [
    'bytes that are not UTF-8',
    Buffer.from([...Buffer.from('{"userId":"'), 0xff, 0xfe, 0x22, 0x7d]),
    'MALFORMED_BODY',
  ],
  ['a million numbers', `[${'1,'.repeat(999_999)}1]`, 'BODY_TOO_LARGE'],
  ['a hundred thousand brackets', nested(100_000), 'INVALID_ACTION'],
  ['deep properties', item(`"properties":{"a":${nested(100_000)}}`), 'INVALID_ACTION'],
  ['1e400', item('"properties":{"a":1e400}'), 'INVALID_ACTION'],
  ['a key __proto__', item('"properties":{"__proto__":{"admin":true}}'), 'INVALID_ACTION'],
  ['a key toJSON', item('"properties":{"constructor":1,"toJSON":1}'), 'INVALID_ACTION'],
  ['an item in the prototype', '{"__proto__":{"userId":"bad","action":"a"}}', 'INVALID_ACTION'],
  ['an id of 10 KB', item(`"id":"${'i'.repeat(10_240)}"`), 'INVALID_ACTION'],
  ['an id with control characters', item('"id":"a\\u0000b"'), 'INVALID_ACTION'],
  ['a user of 10 KB', `{"userId":"${'u'.repeat(10_240)}","action":"a"}`, 'INVALID_ACTION'],
  ['a user with control characters', '{"userId":"a\\nb","action":"a"}', 'INVALID_ACTION'],
  ['a user that is a number', '{"userId":5,"action":"a"}', 'INVALID_ACTION'],
  ['a user that is half a character', '{"userId":"\\ud800","action":"a"}', 'INVALID_ACTION'],
  ['an action that is an object', '{"userId":"bad","action":{"toString":"a"}}', 'INVALID_ACTION'],
  ['an empty action', '{"userId":"bad","action":""}', 'INVALID_ACTION'],
  ['properties that are a list', item('"properties":[1]'), 'INVALID_ACTION'],
  ['properties of 1 MB', item(`"properties":{"a":"${'x'.repeat(MIB)}"}`), 'INVALID_ACTION'],
  ['an object that is text', item('"object":"p-1"'), 'INVALID_ACTION'],
  ['a time that is none', item('"occurredAt":"yesterday"'), 'INVALID_ACTION'],
  ['a time without a zone', item('"occurredAt":"2026-01-01T00:00:00"'), 'INVALID_ACTION'],
  ['a time before 1970', item('"occurredAt":-1'), 'INVALID_ACTION'],
  ['a time past all times', item('"occurredAt":1e300'), 'INVALID_ACTION'],
  ['a time in the year 9999', item('"occurredAt":"9999-12-31T23:59:59Z"'), 'IN_THE_FUTURE'],
])('POST /v1/actions with %s', async (_name, body, code) => {
  const response = await post(body as Body)
  await refused(response.status, await response.text(), code)
})

test.each<[string, Uint8Array, string, ErrorCode]>([
  [
    'gzip cut short',
    gzipSync('{"userId":"bad","action":"a"}'.repeat(50)).subarray(0, 40),
    'gzip',
    'MALFORMED_BODY',
  ],
  ['gzip that is none', Buffer.from('hello'), 'gzip', 'MALFORMED_BODY'],
  ['an unknown packing', Buffer.from('hello'), 'zstd-42', 'UNSUPPORTED_MEDIA_TYPE'],
  ['a gzip bomb', gzipSync(Buffer.alloc(HUGE, 32)), 'gzip', 'BODY_TOO_LARGE'],
  ['a deflate bomb', deflateSync(Buffer.alloc(HUGE, 32)), 'deflate', 'BODY_TOO_LARGE'],
  [
    'a brotli bomb',
    brotliCompressSync(Buffer.alloc(HUGE, 32), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    'br',
    'BODY_TOO_LARGE',
  ],
])('%s', async (_name, body, encoding, code) => {
  for (const path of ['/v1/actions', '/v1/batch']) {
    const response = await post(body as Body, { 'content-encoding': encoding }, path)
    await refused(response.status, await response.text(), code)
  }
})

async function* megabytes(count: number) {
  for (let sent = 0; sent < count; sent++) yield Buffer.alloc(MIB, 32)
}

test('100 MB announced by its length', async () => {
  async function* request() {
    yield `POST /v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${HUGE}\r\n\r\n`
    yield* megabytes(100)
  }
  const { status, body } = await rawRequest(engine.url, request())
  await refused(status, body, 'BODY_TOO_LARGE')
})

test('100 MB in chunks that announce nothing', async () => {
  const response = await post(ReadableStream.from(megabytes(100)) as unknown as Body)
  await refused(response.status, await response.text(), 'BODY_TOO_LARGE')
})

test.each<[string, string, string, ErrorCode]>([
  ['GET', '/v1/profiles/%zz', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/%ff', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/a%00b', '', 'INVALID_REQUEST'],
  ['GET', `/v1/profiles/${'u'.repeat(5_000)}`, '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/__proto__', '', 'UNKNOWN_USER'],
  ['GET', '/v1/profiles/good?fields=__proto__', '', 'UNKNOWN_FEATURE'],
  ['GET', '/v1/profiles/good?at=yesterday', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/good?at=1970-01-01T00:00:00Z', '', 'AT_TOO_EARLY'],
  ['GET', '/v1/profiles/good?minSequence=one', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/good?minSequence=-1', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/good?nonsense=1', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/good/counts?from=2026-02-30', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/good/actions?cursor=1.1.1', '', 'INVALID_REQUEST'],
  ['GET', '/v1/profiles/good/actions?limit=1000000', '', 'INVALID_REQUEST'],
  ['GET', '/v1/nowhere', '', 'NOT_FOUND'],
  ['DELETE', '/v1/actions', '', 'METHOD_NOT_ALLOWED'],
  ['POST', '/v1/profiles/query', '{"userIds":"good"}', 'INVALID_REQUEST'],
  ['POST', '/v1/profiles/query', `{"userIds":[${'"u",'.repeat(1_000)}"u"]}`, 'INVALID_REQUEST'],
  ['POST', '/v1/profiles/query', `{"userIds":${nested(100_000)}}`, 'INVALID_REQUEST'],
  ['POST', '/v1/batch', '{"batch":5}', 'INVALID_REQUEST'],
  ['POST', '/v1/batch', `${nested(100_000)}`, 'INVALID_REQUEST'],
])('a request that its route cannot take, number %#: %s', async (method, path, body, code) => {
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n`
  const length = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  const answer = await rawRequest(engine.url, [`${head}${length}\r\n`, body])
  await refused(answer.status, answer.body, code)
})

test.each<[string, string[], ErrorCode]>([
  ['no HTTP at all', ['\u0016\u0003\u0001 hello\r\n\r\n'], 'INVALID_REQUEST'],
  ['a header without a colon', ['GET / HTTP/1.1\r\nHost x\r\n\r\n'], 'INVALID_REQUEST'],
  // Small enough to be read in one go: what is left unread when a connection closes can cost the
  // client the answer.
  [
    'a flood of headers',
    [
      `GET / HTTP/1.1\r\nHost: localhost\r\n${Array.from({ length: 3_000 }, (_, n) => `X-${n}: ${n}\r\n`).join('')}\r\n`,
    ],
    'HEADERS_TOO_LARGE',
  ],
  [
    'a long request line',
    [`GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    'HEADERS_TOO_LARGE',
  ],
  [
    'two lengths',
    ['POST /v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    'INVALID_REQUEST',
  ],
])('%s', async (_name, parts, code) => {
  const { status, body } = await rawRequest(engine.url, parts)
  await refused(status, body, code)
})

test('half a request takes nothing, and its connection is closed', async () => {
  const head =
    'POST /v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n'
  const { status } = await rawRequest(engine.url, [head, '{"userId":"half","action":"a"}'], {
    halfClose: true,
  })
  expect([0, 400]).toContain(status)
  expect((await fetch(`${engine.url}/v1/profiles/half`)).status).toBe(404)
})

test('bad neighbours, side by side, spoil nothing', async () => {
  const bodies = [
    item(`"properties":{"a":${nested(10_000)}}`),
    `[${item('"id":"ok"')},${item('"occurredAt":"9999-12-31T23:59:59Z"')},${item('"properties":{"constructor":{"name":"x"}},"id":"ok2"')},7]`,
    '{"a":',
  ]
  const answers = await Promise.all(bodies.map((body) => post(body)))
  expect(answers.map(({ status }) => status)).toEqual([422, 207, 400])
  const { receipts } = (await answers[1]!.json()) as { receipts: { status: string }[] }
  expect(receipts.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'accepted', 'rejected'])
  expect(await engine.json('/v1/profiles/bad?fields=n')).toMatchObject({ features: { n: 2 } })
})

test('after all of it the engine is the same process, within its memory, and has logged no mistake', async () => {
  const health = await fetch(`${engine.url}/readyz`)
  expect(health.status).toBe(200)
  expect(engine.output).not.toContain('mistake')
  const peak = engine.peakMemoryMiB
  if (peak !== undefined) expect(peak).toBeLessThan(PEAK_MEMORY_MIB)
})
