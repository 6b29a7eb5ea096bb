import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Engine } from '../../../src/engine.ts'
import { LIMITS } from '../../../src/limits.ts'
import { testApi } from '../../support/api.ts'
import { type RawAnswer, rawRequest } from '../../support/raw-http.ts'
import { stubEngine } from '../../support/stub-engine.ts'
import { until } from '../../support/until.ts'

/** An engine whose submits wait until they are let go. */
function slowEngine(): { engine: Engine; waiting: (() => void)[] } {
  const waiting: (() => void)[] = []
  const submit: Engine['submit'] = ({ chunks }) =>
    new Promise((resolve) => {
      waiting.push(() =>
        resolve({ sequences: chunks.map(() => 1), outcomes: chunks.map(() => [0]), effects: [] }),
      )
    })
  return { engine: stubEngine({ submit }), waiting }
}

const BODY = JSON.stringify({ userId: 'u', action: 'x' })
const limits = { bodyBytesMax: 1_000, bodiesInFlightBytesMax: 4 * BODY.length }

async function serve(engine: Engine) {
  const origin = await testApi(engine, limits).listen({ port: 0, host: '127.0.0.1' })
  const post = (body: RequestInit['body'], headers: Record<string, string> = {}) => {
    const init = {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      duplex: 'half',
    }
    return fetch(`${origin}/v1/actions`, init as RequestInit)
  }
  return { origin, post }
}

test('past the bytes of bodies that may be in flight a request is 429, and taken again once others are answered', async () => {
  const { engine, waiting } = slowEngine()
  const { post } = await serve(engine)
  const first = Array.from({ length: 4 }, () => post(BODY))
  await expect.poll(() => waiting.length).toBe(4)
  const refused = await post(BODY)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  for (const go of waiting.splice(0)) go()
  for (const response of await Promise.all(first)) expect(response.status).toBe(200)
  const next = post(BODY)
  await expect.poll(() => waiting.length).toBe(1)
  waiting[0]?.()
  expect((await next).status).toBe(200)
})

test('a packed body counts with what it unpacks to, and one of unknown length with what has arrived', async () => {
  const { engine, waiting } = slowEngine()
  const { post } = await serve(engine)
  const first = post(BODY)
  await expect.poll(() => waiting.length).toBe(1)
  const long = JSON.stringify({ userId: 'u', action: 'x', properties: { padding: 'x'.repeat(500) } })
  const packed = gzipSync(long)
  expect(packed.length).toBeLessThan(limits.bodiesInFlightBytesMax)
  expect((await post(packed, { 'content-encoding': 'gzip' })).status).toBe(429)
  expect((await post(new Blob([long]).stream())).status).toBe(429)
  waiting[0]?.()
  expect((await first).status).toBe(200)
})

const HEAD = 'POST /v1/actions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

test('bodies that are announced and do not come keep nobody out', async () => {
  const { engine, waiting } = slowEngine()
  const { post, origin } = await serve(engine)
  // As many bytes announced as would fill all room, many times over.
  for (let number = 0; number < 8; number++) {
    const idle = connect(Number(new URL(origin).port), '127.0.0.1')
    onTestFinished(() => void idle.destroy())
    await new Promise((resolve) => idle.write(`${HEAD}Content-Length: 1000\r\n\r\n{`, resolve))
  }
  const first = post(BODY)
  await expect.poll(() => waiting.length).toBe(1)
  waiting[0]?.()
  expect((await first).status).toBe(200)
})

test('a body that comes too slowly is cut with 408', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { origin } = await serve(slowEngine().engine)
  const slow = rawRequest(origin, [`${HEAD}Content-Length: 1000\r\n\r\n{`])
  let answer: RawAnswer | undefined
  void slow.then((given) => {
    answer = given
  })
  await until(
    () => {
      vi.advanceTimersByTime(LIMITS.bodyGraceMs)
      return answer !== undefined
    },
    () => 'it is not cut',
  )
  expect(answer).toMatchObject({ status: 408, body: expect.stringContaining('REQUEST_TIMEOUT') })
})
