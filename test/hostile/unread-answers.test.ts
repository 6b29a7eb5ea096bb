// Requests one behind the other on a connection that reads no answer: the memory stays, others are
// served, and the connection ends.
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startAttacked } from '../support/attacked-engine.ts'
import type { EngineProcess } from '../support/engine.ts'
import { OtherClient } from '../support/other-client.ts'

const CONNECTIONS = 8
const REQUESTS = 1_000
/** Answers of two threads, as texts and as bytes, and garbage. */
const GROWTH_MAX_MIB = 800
const SECONDS = Number(process.env.PULSEPRINT_TEST_SECONDS ?? 3)

/** Sends requests and never reads. */
function flood(engine: EngineProcess, path: string): Socket {
  const { hostname, port } = new URL(engine.url)
  const socket = connect({ host: hostname, port: Number(port) }).pause()
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(REQUESTS))
  return socket
}

test('answers that nobody reads stay within their bound, and other clients are served', async () => {
  const engine = await startAttacked()
  const action = { userId: 'large', action: 'x', properties: { padding: 'x'.repeat(32_000) } }
  for (let batch = 0; batch < 10; batch++) await engine.json('/v1/actions', Array(10).fill(action))
  const page = await engine.json<{ actions: unknown[]; cursor: string }>(
    '/v1/profiles/large/actions?limit=100',
  )
  expect(page.actions.length).toBeLessThan(100)
  expect(page.cursor).not.toBeNull()
  const before = engine.ownMemoryMiB!
  for (const path of ['/v1/profiles/large/actions?limit=100', '/openapi.json', '/metrics']) {
    const other = new OtherClient(engine.url)
    const sockets = Array.from({ length: CONNECTIONS }, () => flood(engine, path))
    let peak = 0
    const looking = setInterval(() => {
      peak = Math.max(peak, engine.ownMemoryMiB ?? 0)
    }, 50)
    await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1_000) / 3))
    clearInterval(looking)
    await other.stop()
    console.log(
      `${CONNECTIONS} connections of ${REQUESTS} × ${path}: ${before} MiB before, ${peak} at most; another client waited ` +
        `${other.longestMs.toFixed(0)} ms at most, answers ${JSON.stringify(other.statuses)}`,
    )
    expect(peak - before).toBeLessThan(GROWTH_MAX_MIB)
    expect(Object.keys(other.statuses)).toEqual(['404'])
    for (const socket of sockets) socket.destroy()
  }
})
