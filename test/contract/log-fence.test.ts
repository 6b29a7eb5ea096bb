// Who may append to a shard of the log on JetStream: the owner that began last, and nobody before
// it, however late a record arrives.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectNats } from '../../src/adapters/nats/connection/nats-connection.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import { recordingLogger } from '../support/api.ts'
import { startDeafProxy } from '../support/deaf-proxy.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, newPrefix, openLog } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats.stop())

const record = (text: string) => [{ shard: 1, payload: Buffer.from(text) }]
const claim = (log: ActionLog, text: string) => log.claim(1, Buffer.from(text))
const fenced = expect.objectContaining({ code: 'FENCED' })

async function texts(log: Awaited<ReturnType<typeof openLog>>): Promise<string[]> {
  const found: string[] = []
  const head = await log.head(1)
  for await (const records of log.follow(1, 0, new AbortController().signal)) {
    found.push(...records.map(({ payload }) => payload.toString()))
    if (records.at(-1)!.sequence >= head) return found
  }
  return found
}

test('once another owner has begun a shard, what its predecessor appends is refused, and it hears of that', async () => {
  const prefix = newPrefix()
  const first = await openLog(await connectTo(nats), prefix)
  const second = await openLog(await connectTo(nats), prefix)
  const told: number[] = []
  first.onFenced((shard) => told.push(shard))
  await claim(first, 'first begins')
  await first.append(record('first 1'))
  await claim(second, 'second begins')
  await expect(first.append(record('too late'))).rejects.toThrow(fenced)
  expect(told).toEqual([1])
  await second.append(record('second 1'))
  await expect(first.append(record('later still'))).rejects.toThrow(fenced)
  await claim(first, 'first again')
  await first.append([...record('first 2'), ...record('first 3')])
  await expect(second.append(record('second 2'))).rejects.toThrow(fenced)
  expect(await texts(first)).toEqual([
    'first begins',
    'first 1',
    'second begins',
    'second 1',
    'first again',
    'first 2',
    'first 3',
  ])
})

test('a large record in parts is refused as a whole, and other shards are not touched', async () => {
  const prefix = newPrefix()
  const first = await openLog(await connectTo(nats), prefix)
  const second = await openLog(await connectTo(nats), prefix)
  await claim(first, 'first begins')
  await claim(second, 'second begins')
  const large = 'x'.repeat(2 * 1024 * 1024)
  await expect(first.append(record(large))).rejects.toThrow(fenced)
  await second.append(record(large))
  await first.append([{ shard: 3, payload: Buffer.from('another shard') }])
  expect((await texts(second)).map(({ length }) => length)).toEqual([12, 13, large.length])
})

test('an owner whose acknowledgement was lost goes on behind its own record', async () => {
  const prefix = newPrefix()
  const port = Number(nats.addresses[0]!.split(':')[1])
  const proxy = await startDeafProxy(port)
  const connection = await connectNats([`127.0.0.1:${proxy.port}`], 'test', recordingLogger([]))
  const log = await openLog(connection, prefix)
  await claim(log, 'begins')
  const swallowed = proxy.loseReplies()
  const appending = expect(log.append(record('unheard'))).rejects.toThrow(
    expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }),
  )
  await swallowed
  proxy.cut()
  await appending
  const appendNext = () =>
    log.append(record('next')).catch((error: { code?: string }) => {
      if (error.code !== 'STORAGE_UNAVAILABLE') throw error
      return undefined
    })
  await until(appendNext, () => 'the connection did not come back')
  const other = await openLog(await connectTo(nats), prefix)
  expect(await texts(other)).toEqual(['begins', 'unheard', 'next'])
  await connection.close()
})
