// Starts real servers for tests and benchmarks: each on a free port, in a temporary folder, gone after stop().
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { ensureServer } from '../../deploy/servers.ts'
import { until } from './until.ts'

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

/** `options` are Redis settings by name, such as `{ appendonly: 'yes', appendfsync: 'everysec' }`. Persists nothing by default. */
export async function startRedis(options: Record<string, string> = {}): Promise<RunningRedis> {
  const binary = await ensureServer('redis-server')
  const folder = await mkdtemp(join(tmpdir(), 'pulseprint-redis-'))
  const port = await freePort()
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: folder,
    save: '',
    appendonly: 'no',
    ...options,
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  let child: ChildProcess
  const start = () => {
    child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    return untilItSays(child, 'Ready to accept connections')
  }
  const stop = async () => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  const host = '127.0.0.1' as const
  return { host, port, url: `redis://${host}:${port}`, start, kill: () => end(child, 'SIGKILL'), stop }
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

/** A port that was free a moment ago; the kernel hands out others first before it repeats one. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe had no port')
  return address.port
}

async function untilItSays(child: ChildProcess, words: string): Promise<void> {
  const said: string[] = []
  if (child.stdout === null) throw new Error('the server has no output to wait for')
  const lines = createInterface({ input: child.stdout })
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      if (said.length < 50) said.push(line)
      if (line.includes(words)) resolve()
    })
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said.join('\n')}`)))
  })
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
