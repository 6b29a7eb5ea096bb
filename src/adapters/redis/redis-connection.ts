// Connects to Redis or to a Redis Cluster. A command fails at once if it cannot be sent now, or if its
// reply was lost. The client never sends it again; the caller decides what to do. Lost connections
// come back in the background.
import { Cluster, Redis } from 'ioredis'
import { PulseprintError } from '../../errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { Outage } from '../../runtime/outage.ts'
import type { RedisClient } from './redis-scripts.ts'

/** How long a server that owes a reply may be silent. After that, the connection is given up. */
const SILENCE_MS_MAX = 5_000
const RECONNECT_MS_MAX = 1_000

/** Address of a server, and the login it asks for. */
interface Access {
  host: string
  port: number
  username?: string
  password?: string
  db?: number
  tls?: Record<never, never>
}

/** A server's address with its credentials taken out, for messages and logs. */
export function maskedRedisUrls(urls: string): string {
  return urls
    .split(',')
    .map((text) => {
      if (!URL.canParse(text.trim())) return '(not a URL)'
      const { protocol, host } = new URL(text.trim())
      return `${protocol}//${host}`
    })
    .join(',')
}

/**
 * @param urls `redis://` or `rediss://`, with user, password and database if needed. Several,
 *   separated by commas, are nodes of one cluster; one node of a cluster will do, too.
 * @param logger gets one line when a server is lost, and one when all are back
 * Errors: STORAGE_UNAVAILABLE with the server's reason, without the credentials; INVALID_REQUEST for
 * anything but such URLs.
 */
export async function connectRedis(urls: string, logger: Logger): Promise<RedisClient> {
  const nodes = urls.split(',').map((url) => nodeAccess(url.trim()))
  if (nodes.length > 1) return connectCluster(nodes, urls, logger)
  const client = await connected(new Redis(singleOptions(nodes[0]!)), urls)
  const isCluster = /^cluster_enabled:1/m.test(await client.info('cluster'))
  if (!isCluster) {
    reportLosses(client, outageOf(logger))
    return client
  }
  client.disconnect()
  return connectCluster(nodes, urls, logger)
}

async function connectCluster(nodes: readonly Access[], urls: string, logger: Logger): Promise<RedisClient> {
  const startup = nodes.map(({ host, port }) => ({ host, port }))
  const client = await connected(new Cluster(startup, clusterOptions(nodes[0]!)), urls)
  const outage = outageOf(logger)
  for (const server of client.nodes()) reportLosses(server, outage)
  client.on('+node', (server: Redis) => reportLosses(server, outage))
  client.on('-node', (server: Redis) => outage.forget(server))
  return client
}

function outageOf(logger: Logger): Outage<Redis> {
  return new Outage(logger, { begun: 'Redis is lost', ended: 'Redis is back' })
}

/** A connection that we closed does not come back and is not reported as lost. */
function reportLosses(client: Redis, outage: Outage<Redis>): void {
  const { host, port } = client.options
  client.on('reconnecting', () => outage.failed(client, { server: `${host}:${port}` }))
  client.on('ready', () => outage.worked(client))
}

function nodeAccess(text: string): Access {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = url?.pathname.replace(/^\//, '') ?? ''
  if (!url || !['redis:', 'rediss:'].includes(url.protocol) || !/^\d*$/.test(database)) {
    throw new PulseprintError(
      'INVALID_REQUEST',
      `${maskedRedisUrls(text)} is not a redis:// or rediss:// URL of a server and at most a database number`,
    )
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(database !== '' && { db: Number(database) }),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  }
}

const STRICT = {
  lazyConnect: true,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  connectTimeout: SILENCE_MS_MAX,
  socketTimeout: SILENCE_MS_MAX,
} as const

const reconnectDelayMs = (times: number) => Math.min(50 * times, RECONNECT_MS_MAX)

function singleOptions(access: Access) {
  return { ...STRICT, ...access, enableOfflineQueue: false, retryStrategy: reconnectDelayMs }
}

function clusterOptions({ host: _host, port: _port, db: _db, ...access }: Access) {
  const { lazyConnect, ...strict } = STRICT
  return {
    lazyConnect,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    // A node that restarts without a failover keeps its slots, so only its own connection
    // brings it back.
    clusterNodeRetryStrategy: reconnectDelayMs,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: SILENCE_MS_MAX,
    redisOptions: { ...strict, ...access },
  }
}

async function connected<T extends RedisClient>(client: T, urls: string): Promise<T> {
  let reason = 'no connection'
  const note = (error: NodeJS.ErrnoException & { lastNodeError?: NodeJS.ErrnoException }) => {
    const { message, code } = error.lastNodeError ?? error
    // A server that speaks no TLS is silent, or answers in plain text.
    const doubtsTls = urls.includes('rediss:') && (code === 'ETIMEDOUT' || code?.startsWith('ERR_SSL'))
    reason = doubtsTls
      ? `${message.trim()}; does it speak TLS? If not, its URL begins with redis://`
      : message
  }
  // Without a listener, ioredis prints its errors by itself, now and at every later loss of the
  // connection.
  client.on('error', note)
  try {
    await client.connect()
  } catch {
    client.disconnect()
    throw new PulseprintError('STORAGE_UNAVAILABLE', `Redis at ${maskedRedisUrls(urls)}: ${reason}`)
  }
  return client
}
