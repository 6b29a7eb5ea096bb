// Load at fixed times against a server that stalls: the stall is in the times of all requests that
// were due meanwhile, not only of those that were on their way.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { type OpenLoadResult, runOpenLoad } from '../../bench/open-load.ts'

const READ_CONNECTIONS = 128
/** Fewer reads are due in it than there are connections, so each finds a free one at once. */
const FEW_SECONDS = 0.2

/** @param seconds of load; each second has 500 reads and 10 batches */
async function loadOn(listener: RequestListener, seconds: number): Promise<OpenLoadResult> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const plan = { port, users: 100, actionsPerSecond: 1_000, readsPerSecond: 500, seconds }
  return runOpenLoad(plan).finally(() => server.close())
}

test('all that is due is sent, and its answers are counted', async () => {
  let requests = 0
  const { batches, reads } = await loadOn((request, response) => {
    requests += 1
    request.resume().once('end', () => response.end('{}'))
  }, FEW_SECONDS)
  expect(batches).toMatchObject({ answered: 2, refused: 0, unsent: 0 })
  expect(reads).toMatchObject({ answered: 100, refused: 0, unsent: 0 })
  expect(requests).toBe(102)
})

test('what is refused is counted apart', async () => {
  const { batches, reads } = await loadOn((request, response) => {
    response.statusCode = request.method === 'POST' ? 429 : 200
    request.resume().once('end', () => response.end('{}'))
  }, FEW_SECONDS)
  expect(batches).toMatchObject({ answered: 0, refused: 2 })
  expect(reads).toMatchObject({ answered: 100, refused: 0 })
})

test('a stall counts for each request that was due in it', async () => {
  const held: (() => void)[] = []
  let answering = false
  const { reads } = await loadOn((request, response) => {
    request.resume()
    held.push(() => response.end('{}'))
    // It is due after a fifth of a second: those before it have waited half of that on average.
    answering ||= held.length === 100
    if (answering) for (const answer of held.splice(0)) answer()
  }, 0.25)
  expect(reads.answered).toBe(125)
  expect(reads.maxMs).toBeGreaterThan(150)
  expect(reads.meanMs).toBeGreaterThan(40)
})

test('what found no free connection until the end is told, and its wait counts', async () => {
  const held: (() => void)[] = []
  let answering = false
  const { reads } = await loadOn((request, response) => {
    request.resume()
    if (answering) response.end('{}')
    else held.push(() => response.end('{}'))
    if (held.length !== 1) return
    // Long after the last is due.
    setTimeout(() => {
      answering = true
      for (const answer of held) answer()
    }, 2_000)
  }, 0.5)
  expect(reads.answered).toBe(READ_CONNECTIONS)
  expect(reads.unsent).toBe(250 - READ_CONNECTIONS)
  expect(reads.maxMs).toBeGreaterThan(1_000)
})

test('a connection that is lost fails the load', async () => {
  let requests = 0
  const load = loadOn((request, response) => {
    if (++requests === 50) request.socket.destroy()
    else request.resume().once('end', () => response.end('{}'))
  }, 0.5)
  await expect(load).rejects.toThrow('closed the connection')
})
