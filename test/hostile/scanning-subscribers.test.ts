// Subscribers that read a long stream from its beginning and want nothing of it: reads and writes of
// others go on.
import { expect, onTestFinished, test } from 'vitest'
import { startAttacked } from '../support/attacked-engine.ts'
import { OtherClient } from '../support/other-client.ts'

const ACTIONS = 50_000
const BATCH = 5_000
const SUBSCRIBERS = 100
const SECONDS = Number(process.env.PULSEPRINT_TEST_SECONDS ?? 3)

test('a hundred subscribers whose filter matches nothing keep nobody waiting', async () => {
  const engine = await startAttacked()
  for (let sent = 0; sent < ACTIONS; sent += BATCH) {
    const actions = Array.from({ length: BATCH }, (_, index) => ({
      userId: `user-${(sent + index) % 1_000}`,
      action: 'x',
      properties: { amount: index, product: 'some product of the shop' },
    }))
    await engine.json('/v1/actions', actions)
  }
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const subscribers = Array.from({ length: SUBSCRIBERS }, (_, number) =>
    fetch(`${engine.url}/v1/streams/actions?after=0&userId=nobody-${number}`, { signal: leaving.signal }),
  )
  for (const response of await Promise.all(subscribers)) expect(response.status).toBe(200)
  const other = new OtherClient(engine.url)
  let [written, longestMs] = [0, 0]
  const until = performance.now() + SECONDS * 1_000
  while (performance.now() < until) {
    const startedAt = performance.now()
    await engine.json('/v1/actions', { userId: 'another', action: 'x' })
    longestMs = Math.max(longestMs, performance.now() - startedAt)
    written++
  }
  await other.stop()
  console.log(
    `${SUBSCRIBERS} subscribers read ${ACTIONS} actions: a read of another client waited ${other.longestMs.toFixed(0)} ms ` +
      `at most, a write ${longestMs.toFixed(0)} ms; ${written} writes, reads ${JSON.stringify(other.statuses)}`,
  )
  expect(Object.keys(other.statuses)).toEqual(['404'])
  expect(written).toBeGreaterThan(0)
})
