// The connection to NATS while servers refuse it, and when it is given up.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NatsConnection, Status } from '@nats-io/transport-node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startNatsServers } from '../../deploy/local-servers/nats.ts'
import { NatsMembership } from '../../src/adapters/nats/cluster/nats-membership.ts'
import {
  connectNats,
  connectNatsUrls,
  endWithConnection,
} from '../../src/adapters/nats/connection/nats-connection.ts'
import type { Beat } from '../../src/ownership/membership.ts'
import { type LogLine, recordingLogger } from '../support/api.ts'
import { temporaryFolder } from '../support/folders.ts'
import { until } from '../support/until.ts'

const LOGIN = { user: 'me', pass: 'right' }

/** A server that any user may log in to, until it is started again with a password. */
async function startOpenServer() {
  const folder = temporaryFolder()
  const nats = await startNatsServers({ folder, count: 1 })
  onTestFinished(() => nats.stop())
  const configuration = join(folder, 'n0.conf')
  const open = readFileSync(configuration, 'utf8')
  const startAgain = async (authorization: string) => {
    await nats.servers[0]!.kill()
    writeFileSync(configuration, `${open}\n${authorization}`)
    await nats.servers[0]!.start()
  }
  return { ...nats, startAgain }
}

/** How often the connection has told of something since. */
function counted(connection: NatsConnection, type: Status['type']): () => number {
  let count = 0
  const follow = async () => {
    for await (const status of connection.status()) if (status.type === type) count++
  }
  void follow()
  return () => count
}

const OTHER_PASSWORD = 'authorization { user: me, password: other }'

test('logins that are refused while nodes run are tried on, until one is accepted', async () => {
  const nats = await startOpenServer()
  const lines: LogLine[] = []
  const connection = await connectNats(nats.addresses, 'test', recordingLogger(lines), LOGIN)
  onTestFinished(() => connection.close())
  const self = () => ({ node: 'a', instance: 'a', state: 'serving' as const, fingerprint: 'f' })
  const membership = new NatsMembership(connection, 't', self, async () => {}, recordingLogger([]))
  onTestFinished(() => membership.close())
  const beats: Beat[] = []
  connection.subscribe('t.members', { callback: (_, message) => void beats.push(message.json<Beat>()) })
  const refusals = counted(connection, 'error')
  await nats.startAgain(OTHER_PASSWORD)
  await until(
    () => connection.isClosed() || refusals() >= 3,
    () => `refused ${refusals()} times`,
  )
  expect(connection.isClosed()).toBe(false)
  await nats.startAgain('')
  await until(
    () => lines.some(({ message }) => message === 'NATS is back'),
    () => JSON.stringify(lines),
  )
  // Each is said once, however often it happens.
  const said = lines.map(({ message }) => message)
  expect(said).toEqual(['NATS is lost', 'NATS has refused something', 'NATS is back'])
  const sinceThen = () => beats.flatMap(({ connections }) => (connections > 0 ? [connections] : []))
  await until(
    () => sinceThen().length >= 3,
    () => JSON.stringify(beats),
  )
  expect(new Set(sinceThen())).toEqual(new Set([1]))
})

test('a clock that is set back by an hour keeps no lost connection away', async () => {
  const nats = await startOpenServer()
  const lines: LogLine[] = []
  const real = Date.now.bind(Date)
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + 3_600_000)
  onTestFinished(() => clock.mockRestore())
  const connection = await connectNats(nats.addresses, 'test', recordingLogger(lines), LOGIN)
  onTestFinished(() => connection.close())
  clock.mockRestore()
  await nats.startAgain('')
  await until(
    () => lines.some(({ message }) => message === 'NATS is back'),
    () => JSON.stringify(lines),
  )
})

test('a wrong password is refused at the first connection, with the address of the server', async () => {
  const nats = await startOpenServer()
  await nats.startAgain(OTHER_PASSWORD)
  const connected = connectNats(nats.addresses, 'test', recordingLogger([]), LOGIN)
  await expect(connected).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringMatching(/^no connection to NATS at 127\.0\.0\.1:\d+: authorization violation/i),
  })
})

test('servers that do not answer are named, without the login', async () => {
  const urls = ['nats://me:secret@127.0.0.1:1', 'nats://me:secret@127.0.0.1:2']
  await expect(connectNatsUrls(urls, 'test', recordingLogger([]))).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringMatching(/^no connection to NATS at 127\.0\.0\.1:1,127\.0\.0\.1:2: (?!.*secret)/),
  })
})

test('a connection that is given up ends the process; one that we close does not', async () => {
  const nats = await startOpenServer()
  const lines: LogLine[] = []
  const ends: number[] = []
  const open = async () => {
    const more = { maxReconnectAttempts: 1 }
    const connection = await connectNats(nats.addresses, 'test', recordingLogger([]), more)
    const watching = endWithConnection(connection, recordingLogger(lines), (code) => ends.push(code))
    return { connection, watching }
  }
  const [closed, lost] = [await open(), await open()]
  await closed.connection.close()
  await closed.watching
  expect([ends, lines]).toEqual([[], []])
  await nats.stop()
  await lost.watching
  expect(ends).toEqual([1])
  expect(lines).toMatchObject([{ level: 'error', message: expect.stringMatching(/closed for good/) }])
})
