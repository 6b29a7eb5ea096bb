import { expect, onTestFinished, test } from 'vitest'
import { streamLine } from '../../../src/cli/stream-line.ts'
import { testApi } from '../../support/api.ts'
import { Child } from '../../support/child.ts'
import { MemoryStreams } from '../../support/memory-streams.ts'
import { freePort } from '../../support/servers.ts'
import { stubEngine } from '../../support/stub-engine.ts'
import { until } from '../../support/until.ts'

async function served() {
  const streams = new MemoryStreams()
  const app = testApi(stubEngine({ streams }))
  return { streams, app, url: await app.listen({ port: 0, host: '127.0.0.1' }) }
}

function tail(...args: string[]): Child {
  const child = new Child(['src/cli/pulseprint.ts', 'tail', ...args], {})
  onTestFinished(() => child.end('SIGKILL'))
  return child
}

const shows = (child: Child, text: string) =>
  until(
    () => child.output.includes(text),
    () => `never showed ${text}:\n${child.output}`,
  )

const change = (n: number, userId = 'u-17') => ({
  id: `1.${n}.0.0`,
  userId,
  from: 'new',
  to: 'active',
  at: '2026-11-20T09:30:00.123Z',
})

test('shows what is published as lines, comes back where the connection breaks, and ends with 0', async () => {
  const { streams, app, url } = await served()
  const child = tail('stages', '--url', url)
  await shows(child, `Listening to stages at ${url}. Ctrl-C ends.`)
  await until(
    () => streams.reads > 1,
    () => `never subscribed:\n${child.output}`,
  )
  streams.publish(change(1, 'u-1'))
  await shows(child, '2026-11-20 09:30:00  u-1  new → active\n')
  app.server.closeAllConnections()
  await shows(child, 'Trying again')
  streams.publish(change(2, 'u-2'), change(3, 'u-3'))
  await shows(child, 'Connected again')
  await shows(child, '09:30:00  u-3  new → active\n')
  await child.end('SIGTERM')
  expect(await child.ended()).toBe(0)
  expect(child.output.match(/u-\d(?= )/g)).toEqual(['u-1', 'u-2', 'u-3'])
})

test('--json prints each entry as it is; --after, --user and --action choose', async () => {
  const { streams, url } = await served()
  const entries = ['u', 'v', 'u', 'u'].map((userId, n) => ({
    ...change(n, userId),
    action: n === 2 ? 'x' : 'buy',
  }))
  streams.publish(...entries)
  const child = tail('rewards', '--json', '--after', '1', '--user', 'u', '--action', 'buy', '--url', url)
  await shows(child, JSON.stringify(entries[3]))
  await shows(child, '(user u, action buy, after 1)')
  expect(child.output.match(/^\{.*\}$/gm)).toEqual([JSON.stringify(entries[3])])
})

test.each([
  [['nothing'], /^UNKNOWN_STREAM: there is no stream of this name; there are actions, stages, rewards$/m],
  [['stages', '--after', 'x'], /^INVALID_REQUEST: /m],
  [['stages', '--after', '1'], /^CURSOR_TOO_OLD: entries are no longer held: subscribe with after=0$/m],
])('%j ends with 1 and says why', async (args, message) => {
  const { streams, url } = await served()
  streams.publish(change(1), change(2), change(3))
  streams.trim(2)
  const child = tail(...args, '--url', url)
  expect(await child.ended()).toBe(1)
  expect(child.output).toMatch(message)
})

test('ends with 1 where lines that it has not shown are no longer held', async () => {
  const { streams, url } = await served()
  const child = tail('stages', '--url', url)
  await until(
    () => streams.reads > 1,
    () => `never subscribed:\n${child.output}`,
  )
  streams.publish(change(1))
  await shows(child, 'new → active')
  streams.trim(3)
  streams.publish(change(2), change(3), change(4))
  expect(await child.ended()).toBe(1)
  expect(child.output).toMatch(/^CURSOR_TOO_OLD: entries are no longer held/m)
  expect(child.output.match(/new → active/g)).toHaveLength(1)
})

test('without an engine it ends with 1 and says how to start one', async () => {
  const child = tail('stages', '--url', `http://127.0.0.1:${await freePort()}`)
  expect(await child.ended()).toBe(1)
  expect(child.output).toMatch(/cannot be reached \(ECONNREFUSED\)\. Start it with `pulseprint start`/)
})

const at = '2026-11-20T09:30:00.123Z'
const when = '2026-11-20 09:30:00'
test.each([
  [{ userId: 'u', from: 'new', to: 'active', at }, `${when}  u  new → active`],
  [{ userId: 'u', rule: 'big', payload: { points: 100 }, at }, `${when}  u  rewards big {"points":100}`],
  [{ userId: 'u', rule: 'big', at }, `${when}  u  rewards big`],
  [{ anonymousId: 'v', action: 'view', occurredAt: at, properties: {} }, `${when}  anonymous:v  view`],
  [
    {
      userId: 'u',
      action: 'buy',
      occurredAt: at,
      object: { type: 'product', id: 'p-5' },
      channel: 'ios',
      place: 'Berlin',
      properties: { price: 12.5 },
    },
    `${when}  u  buy product p-5 ios Berlin {"price":12.5}`,
  ],
  [{ userId: 'u', action: '\u001b[2J', occurredAt: at, properties: {} }, `${when}  u  �[2J`],
])('%j is shown as one line', (entry, line) => {
  expect(streamLine('rewards', JSON.stringify(entry))).toBe(line)
})

test('long properties are cut short', () => {
  const entry = { userId: 'u', action: 'x', occurredAt: at, properties: { text: 'y'.repeat(500) } }
  expect(streamLine('actions', JSON.stringify(entry))).toMatch(/^.{30,170}…$/)
})
