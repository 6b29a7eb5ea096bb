import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Engine } from '../../../src/engine.ts'
import { testApi } from '../../support/api.ts'
import { stubEngine } from '../../support/stub-engine.ts'

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
const limits = { bodyBytesMax: 1_000, bodiesInFlightBytesMax: 2 * BODY.length }

async function serve(engine: Engine) {
  const origin = await testApi(engine, limits).listen({ port: 0, host: '127.0.0.1' })
  return (body: RequestInit['body'], headers: Record<string, string> = {}) => {
    const init = {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      duplex: 'half',
    }
    return fetch(`${origin}/v1/actions`, init as RequestInit)
  }
}

test('past the bytes of bodies that may be in flight a request is 429, and taken again once others are answered', async () => {
  const { engine, waiting } = slowEngine()
  const post = await serve(engine)
  const first = [post(BODY), post(BODY)]
  await expect.poll(() => waiting.length).toBe(2)
  const refused = await post(BODY)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  for (const go of waiting.splice(0)) go()
  for (const response of await Promise.all(first)) expect(response.status).toBe(200)
  const next = post(BODY)
  await expect.poll(() => waiting.length).toBe(1)
  waiting[0]?.()
  expect((await next).status).toBe(200)
})

test('packed bodies and bodies of unknown length are counted by what they may become', async () => {
  const { engine, waiting } = slowEngine()
  const post = await serve(engine)
  const first = post(BODY)
  await expect.poll(() => waiting.length).toBe(1)
  expect((await post(gzipSync(BODY), { 'content-encoding': 'gzip' })).status).toBe(429)
  expect((await post(new Blob([BODY]).stream())).status).toBe(429)
  waiting[0]?.()
  expect((await first).status).toBe(200)
})
