// The server configurations of deploy/servers on real servers: what they let in, what they refuse,
// and that the adapters do all their work as the users that are shipped, over TLS.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { jetstreamManager } from '@nats-io/jetstream'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectNats } from '../../src/adapters/nats/connection/nats-connection.ts'
import { durabilityWarnings } from '../../src/adapters/nats/connection/nats-durability.ts'
import { JetStreamActionLog } from '../../src/adapters/nats/log/jetstream-action-log.ts'
import { JetStreamStreamStore } from '../../src/adapters/nats/streams/jetstream-stream-store.ts'
import { RedisSnapshotStore } from '../../src/adapters/redis/redis-snapshot-store.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import { snapshotStoreContract } from '../contract/snapshot-store.contract.ts'
import { recordingLogger } from '../support/api.ts'
import {
  makeSecrets,
  type Secrets,
  type ShippedNats,
  type ShippedRedis,
  startShippedNats,
  startShippedRedis,
} from '../support/shipped-servers.ts'
import { until } from '../support/until.ts'

interface Credentials {
  username?: string
  password?: string
  enableReadyCheck?: boolean
}

const user = () => ({ user: 'pulseprint', pass: secrets.natsPassword })
const identity = { format: 1, shards: 4, hashVersion: 1 }
const logger = recordingLogger([])

let folder: string
let secrets: Secrets
let nats: ShippedNats
let redis: ShippedRedis

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-deploy-'))
  secrets = await makeSecrets(join(folder, 'secrets'))
  nats = await startShippedNats(folder, secrets)
  redis = await startShippedRedis(folder, secrets)
  // What NODE_EXTRA_CA_CERTS does when a process starts.
  setDefaultCACertificates([...getCACertificates('default'), secrets.authorityPem])
})
afterAll(async () => {
  await nats?.stop()
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('nats.conf', () => {
  const engine = async (): Promise<NatsConnection> => {
    const connection = await connectNats(nats.addresses, 'test', logger, user())
    onTestFinished(() => connection.close())
    return connection
  }

  test('is valid to nats-server -t', async () => {
    const { binary, args, env } = nats.command
    const { stderr } = await promisify(execFile)(binary, ['-t', ...args], { env })
    expect(stderr).toMatch(/is valid/)
  })

  test('has every write on disk before it is acknowledged', async () => {
    expect(await durabilityWarnings(nats.monitorUrls)).toEqual([])
  })

  const strangers: [string, ConnectionOptions][] = [
    ['nobody', {}],
    ['a wrong password', { user: 'pulseprint', pass: 'wrong' }],
    ['the system account', { user: 'sys', pass: '' }],
  ]
  test.each(strangers)('does not let in %s', async (_, credentials) => {
    const stranger = connect({ servers: nats.addresses, reconnect: false, ...credentials })
    await expect(stranger).rejects.toThrow(/authorization/i)
  })

  test('gives clients the certificate of our authority only', async () => {
    const other = await makeSecrets(join(folder, 'other-secrets'))
    const stranger = connect({
      servers: nats.addresses,
      ...user(),
      reconnect: false,
      tls: { ca: other.authorityPem },
    })
    await expect(stranger).rejects.toThrow(/certificate/)
  })

  test('lets the engine keep its log: made, appended to, followed, asked, trimmed', async () => {
    const options = { prefix: 'pulseprint', streams: 2, replicas: 3, streamBytesMax: -1 }
    const log = await JetStreamActionLog.open(await engine(), identity, options, logger)
    onTestFinished(() => log.close())
    const payloads = [Buffer.from('a'), Buffer.alloc(1_300_000), Buffer.from('c')]
    const sequences = await log.append(payloads.map((payload) => ({ shard: 1, payload })))
    const stop = new AbortController()
    const found: LogRecord[] = []
    for await (const records of log.follow(1, 0, stop.signal)) {
      found.push(...records)
      if (found.length === payloads.length) stop.abort()
    }
    expect(found.map(({ payload }) => payload.length)).toEqual(payloads.map(({ length }) => length))
    expect((await log.get(1, sequences[0]!))?.payload.toString()).toBe('a')
    await log.trim(1, sequences[0]!)
    expect(await log.tail(1)).toBe(sequences[0]! + 1)
    expect(await log.head(1)).toBe(sequences[2])
  })

  test('lets the engine publish streams, read them from the beginning, follow and trim them', async () => {
    const options = { prefix: 'pulseprint', replicas: 3, streamBytesMax: -1 }
    const streams = await JetStreamStreamStore.open(await engine(), identity, options, logger)
    onTestFinished(() => streams.close())
    let told = 0
    onTestFinished(
      streams.onPublished('rewards', () => {
        told += 1
      }),
    )
    const entries = new Map([['rewards', [{ id: '0.1', userId: 'u', data: '{}' }]]])
    await streams.publish([{ shard: 0, sequence: 1, refused: undefined, entries }])
    await until(
      () => told > 0,
      () => 'the subscriber was not told',
    )
    // Who follows keeps the newest in memory; another one asks the servers.
    const other = await JetStreamStreamStore.open(await engine(), identity, options, logger)
    onTestFinished(() => other.close())
    const [read] = await other.read('rewards', 0, 10)
    expect(read?.entries.map(({ id }) => id)).toEqual(['0.1'])
    expect(await streams.published(0)).toBe(1)
    expect(await streams.head()).toBeGreaterThan(0)
    await streams.trim(0, 1)
    expect(await streams.hasDropped('rewards', 0)).toBe(false)
  })

  const forbidden = [
    'other.log.0',
    '$JS.API.STREAM.DELETE.pulseprint-log-0',
    '$JS.API.STREAM.UPDATE.pulseprint-log-0',
    '$SYS.REQ.SERVER.PING',
  ]
  test.each(forbidden)('refuses the engine to publish to %s', async (subject) => {
    const asked = (await engine()).request(subject, '', { timeout: 10_000 })
    await expect(asked).rejects.toThrow(/permissions violation/i)
  })

  test('refuses the engine to subscribe to all', async () => {
    const connection = await engine()
    const refused = new Promise<Error | null>((resolve) => {
      connection.subscribe('>', { callback: (error) => resolve(error) })
    })
    expect((await refused)?.message).toMatch(/permissions violation/i)
  })

  test('refuses the engine to delete a stream', async () => {
    const manager = await jetstreamManager(await engine(), { checkAPI: false })
    await expect(manager.streams.delete('pulseprint-streams')).rejects.toThrow(/permissions violation/i)
  })
})

describe('redis.conf and users.acl', () => {
  const url = () => `rediss://pulseprint:${secrets.redisPassword}@127.0.0.1:${redis.port}`
  const client = (options: Credentials): Redis => {
    const all = { host: '127.0.0.1', port: redis.port, tls: {}, ...options }
    const opened = new Redis({ ...all, retryStrategy: () => null })
    opened.on('error', () => {})
    onTestFinished(() => opened.disconnect())
    return opened
  }
  const engine = () => client({ username: 'pulseprint', password: secrets.redisPassword })

  snapshotStoreContract(
    'as the shipped user',
    () => `pulseprint:${randomUUID()}`,
    (place) => RedisSnapshotStore.open(url(), identity, place),
  )

  test('leave nothing to warn of', async () => {
    const store = await RedisSnapshotStore.open(url(), identity)
    onTestFinished(() => store.close())
    expect(await store.warnings()).toEqual([])
  })

  test('do not let in who has no password', async () => {
    await expect(client({}).ping()).rejects.toThrow(/NOAUTH/)
  })

  test('do not let in who has a wrong password', async () => {
    const wrong = client({ username: 'pulseprint', password: 'wrong' })
    await expect(wrong.ping()).rejects.toThrow()
  })

  test('do not talk without TLS', async () => {
    const stranger = new Redis({ host: '127.0.0.1', port: redis.port, retryStrategy: () => null })
    stranger.on('error', () => {})
    onTestFinished(() => stranger.disconnect())
    await expect(stranger.ping()).rejects.toThrow()
  })

  test('refuse the engine a key that is not its own', async () => {
    await expect(engine().hget('other:key', 'field')).rejects.toThrow(/NOPERM/)
    await expect(
      engine().eval("return redis.call('HSET', KEYS[1], 'f', 1)", 1, 'other:key'),
    ).rejects.toThrow()
  })

  const commands = [
    ['flushall'],
    ['config', 'set', 'appendonly', 'no'],
    ['keys', '*'],
    ['shutdown'],
    ['acl', 'list'],
    ['save'],
  ]
  test.each(commands)('refuse the engine %s', async (...command) => {
    await expect(engine().call(command[0]!, ...command.slice(1))).rejects.toThrow(/NOPERM/)
  })

  test('let a health check in that can do nothing else', async () => {
    const health = client({ username: 'health', password: 'any', enableReadyCheck: false })
    expect(await health.ping()).toBe('PONG')
    await expect(health.hget('pulseprint:store', 'identity')).rejects.toThrow(/NOPERM/)
  })
})
