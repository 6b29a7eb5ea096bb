// Starts real servers for tests and benchmarks: each on a free port, in a temporary folder, gone
// after stop().
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../deploy/local-servers/free-port.ts'
import { RedisServer } from '../../deploy/local-servers/redis.ts'
import { until } from './until.ts'

export { freePort }

const CLUSTER_SLOTS = 16_384

export interface RunningServer {
  host: '127.0.0.1'
  port: number
  /** Ends the process and removes its folder. */
  stop(): Promise<void>
}

export interface RunningRedis extends RunningServer {
  url: string
  /** Ends the process without warning; its folder stays. */
  kill(): Promise<void>
  /** After `kill`: on the same port, with what its folder holds. */
  start(): Promise<void>
}

/**
 * `options` are Redis settings by name, such as `{ appendonly: 'yes', appendfsync: 'everysec' }`.
 * Persists nothing by default.
 */
export async function startRedis(options: Record<string, string> = {}): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-redis-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const server = await RedisServer.start(folder, options)
    const { host, port, url } = server
    return {
      host,
      port,
      url,
      start: () => server.start(),
      kill: () => server.kill(),
      stop: () => server.kill('SIGTERM').finally(remove),
    }
  } catch (error) {
    await remove()
    throw error
  }
}

export interface RunningRedisCluster {
  /** Each holds a third of the slots, in this order. */
  masters: readonly RunningRedis[]
  /** Of all masters, separated by commas. */
  urls: string
  stop(): Promise<void>
}

/** Three masters without replicas, formed and agreed. */
export async function startRedisCluster(options: Record<string, string> = {}): Promise<RunningRedisCluster> {
  const masters: ClusterNode[] = []
  const stop = async () => {
    await Promise.all(masters.map((master) => master.stop()))
  }
  try {
    while (masters.length < 3) masters.push(await startClusterNode(options))
    await formCluster(masters)
  } catch (error) {
    await stop()
    throw error
  }
  return { masters, urls: masters.map(({ url }) => url).join(','), stop }
}

interface ClusterNode extends RunningRedis {
  busPort: number
}

async function startClusterNode(options: Record<string, string>): Promise<ClusterNode> {
  // Named, because the bus would otherwise listen 10,000 above the port, past what a port may be.
  const busPort = await freePort()
  const redis = await startRedis({
    ...options,
    'cluster-enabled': 'yes',
    'cluster-port': String(busPort),
    'cluster-node-timeout': '2000',
  })
  return { ...redis, busPort }
}

async function formCluster(masters: readonly ClusterNode[]): Promise<void> {
  const clients = masters.map(({ port }) => new Redis(port, '127.0.0.1'))
  const share = Math.ceil(CLUSTER_SLOTS / masters.length)
  try {
    for (const [index, client] of clients.entries()) {
      const last = Math.min((index + 1) * share, CLUSTER_SLOTS) - 1
      await client.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last)
      for (const { host, port, busPort } of masters) await client.call('CLUSTER', 'MEET', host, port, busPort)
    }
    const agreed = async () => {
      const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
      return infos.every(
        (info) => info.includes('cluster_state:ok') && info.includes(`cluster_size:${masters.length}`),
      )
    }
    await until(agreed, () => 'the Redis Cluster did not form')
  } finally {
    for (const client of clients) client.disconnect()
  }
}
