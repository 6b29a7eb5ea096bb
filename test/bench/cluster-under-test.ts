// A cluster as its operator runs it, on free ports and in an empty folder: nats-servers that fsync
// each record, Redis with AOF always, and nodes of one thread; and what the benchmark asks of it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LastWill } from '../../deploy/local-servers/last-will.ts'
import { type NatsServers, startNatsServers } from '../../deploy/local-servers/nats.ts'
import { RedisServer } from '../../deploy/local-servers/redis.ts'
import type { ShardStatus } from '../../src/views/views.ts'
import { until } from '../support/until.ts'
import type { Cleanup } from './cleanup.ts'
import { type ClusterNode, startNode } from './cluster-node.ts'
import { cpuSecondsOf, OWN_ROOT } from './server-process.ts'

export interface ClusterShape {
  nodes: number
  nats: 1 | 3
  /** Of the checkout whose engine the nodes run. Default: ours. */
  root?: string
}

/** So far. */
export interface Kept {
  messages: number
  bytes: number
}

const DURABLE_REDIS = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' }
const PATIENCE_MS = 300_000

export class ClusterUnderTest {
  readonly folder: string
  readonly redis: RedisServer
  readonly #nats: NatsServers
  readonly #lastWill: LastWill
  readonly #definition: string | undefined
  readonly #root: string
  /** Those that should be running. */
  #nodes: ClusterNode[] = []
  #started = 0

  private constructor(
    folder: string,
    nats: NatsServers,
    redis: RedisServer,
    lastWill: LastWill,
    definition: string | undefined,
    root: string,
  ) {
    this.folder = folder
    this.redis = redis
    this.#nats = nats
    this.#lastWill = lastWill
    this.#definition = definition
    this.#root = root
  }

  /**
   * Resolves when the shards are spread over all nodes.
   * @param definition its text; default: definition.yaml
   */
  static async start(
    cleanup: Cleanup,
    { nodes, nats, root = OWN_ROOT }: ClusterShape,
    definition?: string,
  ): Promise<ClusterUnderTest & { stop(): Promise<void> }> {
    const folder = await mkdtemp(join(tmpdir(), 'pulseprint-bench-cluster-'))
    const lastWill = new LastWill()
    const parts: (() => Promise<void>)[] = []
    const stop = cleanup.defer(async () => {
      for (const end of parts.toReversed()) await end()
      lastWill.revoke()
      await rm(folder, { recursive: true, force: true })
    })
    const servers = await startNatsServers({ folder: join(folder, 'nats'), count: nats, lastWill })
    parts.push(() => servers.stop())
    const redis = await RedisServer.start(join(folder, 'redis'), DURABLE_REDIS, lastWill)
    parts.push(() => redis.kill())
    const cluster = new ClusterUnderTest(folder, servers, redis, lastWill, definition, root)
    parts.push(() => cluster.kill(cluster.nodes))
    for (let node = 0; node < nodes; node++) await cluster.join()
    await cluster.spread()
    return Object.assign(cluster, { stop })
  }

  get nodes(): readonly ClusterNode[] {
    return this.#nodes
  }

  get natsUrls(): string[] {
    return this.#nats.addresses.map((address) => `nats://${address}`)
  }

  /** Starts one more node; resolves when it is ready. */
  async join(): Promise<ClusterNode> {
    const node = await this.spawn()
    await node.ready()
    return node
  }

  /** Starts one more node, which is not waited for. */
  async spawn(): Promise<ClusterNode> {
    const node = await startNode({
      name: `node-${++this.#started}`,
      folder: this.folder,
      natsUrls: this.natsUrls,
      redisUrl: this.redis.url,
      definition: this.#definition,
      root: this.#root,
      lastWill: this.#lastWill,
    })
    this.#nodes.push(node)
    return node
  }

  /** `kill -9`. */
  async kill(nodes: readonly ClusterNode[]): Promise<void> {
    this.#nodes = this.#nodes.filter((node) => !nodes.includes(node))
    await Promise.all(nodes.map((node) => node.process.end('SIGKILL')))
  }

  /** SIGTERM. Resolves when the node has handed its shards over and is gone. */
  async leave(node: ClusterNode): Promise<void> {
    this.#nodes = this.#nodes.filter((other) => other !== node)
    if (!(await node.process.end('SIGTERM'))) throw new Error(`${node.name} did not stop by itself`)
  }

  async shards(): Promise<ShardStatus[]> {
    const response = await fetch(`http://127.0.0.1:${this.#nodes[0]!.port}/v1/shards`)
    const { shards } = (await response.json()) as { shards: ShardStatus[] }
    return shards
  }

  /** Numbers of the shards that a node runs. */
  async shardsOf(node: ClusterNode): Promise<number[]> {
    return (await this.shards()).filter(({ owner }) => owner === node.name).map(({ shard }) => shard)
  }

  /** Every node runs its share of the shards, and all is applied. */
  spread(): Promise<void> {
    return this.#until((shards) => {
      const counts = this.#nodes.map(({ name }) => shards.filter(({ owner }) => owner === name).length)
      const isEven = Math.min(...counts) >= Math.floor(shards.length / this.#nodes.length)
      return isEven && shards.every(({ lag }) => lag === 0)
    }, 'spread')
  }

  /** Everything appended is applied. */
  applied(): Promise<void> {
    return this.#until((shards) => shards.every(({ lag }) => lag === 0), 'applied')
  }

  /** Everything applied is in the snapshots. */
  saved(): Promise<void> {
    return this.#until(
      (shards) => shards.every((one) => one.lag === 0 && one.committed === one.head),
      'saved',
    )
  }

  /** CPU time of all nodes so far, and of all servers, in seconds. */
  cpuSeconds(): { nodes: number; servers: number } {
    const servers = [...this.#nats.servers.map(({ process }) => process), this.redis.process]
    return {
      nodes: sumOf(this.#nodes.map(({ process }) => process.pid)),
      servers: sumOf(servers.map((server) => server?.pid)),
    }
  }

  /**
   * What the first NATS server keeps in all of its streams. Each message was flushed by itself, and
   * by each replica.
   */
  async kept(): Promise<Kept> {
    const response = await fetch(`${this.#nats.servers[0]!.monitorUrl}/jsz`)
    const { messages, bytes } = (await response.json()) as Kept
    return { messages, bytes }
  }

  async #until(condition: (shards: ShardStatus[]) => boolean, word: string): Promise<void> {
    await until(
      async () => {
        for (const { process } of this.#nodes) process.assertRunning()
        // A shard without an owner may yet be told of with an error.
        const shards = await this.shards().catch(() => [])
        return shards.length > 0 && condition(shards)
      },
      () => `the cluster was not ${word} in time: see ${this.folder}`,
      PATIENCE_MS,
    )
  }
}

function sumOf(pids: readonly (number | undefined)[]): number {
  return pids.reduce<number>((sum, pid) => sum + (pid === undefined ? 0 : cpuSecondsOf(pid)), 0)
}
