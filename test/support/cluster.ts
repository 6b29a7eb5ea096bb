// A cluster as its operators and users see it: nodes as processes of their own, over real servers,
// and requests to any of them.
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { onTestFailed, onTestFinished } from 'vitest'
import type { ShardStatus } from '../../src/views/views.ts'
import { Child } from './child.ts'
import { type NatsServers, startNats } from './nats.ts'
import { PROGRAM } from './program.ts'
import { freePort, type RunningRedis, startRedis } from './servers.ts'
import { until } from './until.ts'

const PRELOADED = (module: string) => fileURLToPath(new URL(module, import.meta.url))

/** Of every cluster here, if a test does not say otherwise. */
export const SHARDS = 8

/** What of a node's output is shown if a test fails. */
const SHOWN_LENGTH_MAX = 4_000

export type Settings = Record<string, string>

/** Shared by the tests of a file, each under a prefix of its own. */
export interface ClusterServers {
  nats: NatsServers
  redis: RunningRedis
  stop(): Promise<void>
}

export async function startClusterServers(): Promise<ClusterServers> {
  const [nats, redis] = await Promise.all([startNats(), startRedis({ appendonly: 'yes' })])
  const stop = async () => {
    await Promise.all([nats.stop(), redis.stop()])
  }
  return { nats, redis, stop }
}

export interface Answer<Body> {
  status: number
  headers: Headers
  body: Body
}

export interface Receipt {
  id: string
  status: 'accepted' | 'duplicate' | 'rejected'
  shard: number
  sequence: number
}

export class ClusterNode {
  readonly name: string
  readonly url: string
  readonly process: Child

  constructor(name: string, port: number, settings: Settings, preloaded?: string) {
    this.name = name
    this.url = `http://127.0.0.1:${port}`
    const preload = preloaded === undefined ? [] : ['--import', PRELOADED(preloaded)]
    const own = { PULSEPRINT_NODE: name, PULSEPRINT_PORT: String(port), PULSEPRINT_SHARDS: String(SHARDS) }
    this.process = new Child([...preload, PROGRAM, 'start'], { ...own, ...settings })
  }

  endWithTest(): void {
    onTestFinished(() => this.process.end('SIGKILL'))
    onTestFailed(() =>
      console.log(`${this.name} said at last:\n${this.process.output.slice(-SHOWN_LENGTH_MAX)}`),
    )
  }

  /** Resolves when it may be sent requests; throws, with what it said, if it ended instead. */
  async ready(): Promise<this> {
    await until(
      async () => {
        if (!this.process.running) throw new Error(`${this.name} ended:\n${this.process.output}`)
        return (await this.get('/readyz').catch(() => undefined))?.status === 200
      },
      () => `${this.name} did not get ready:\n${this.process.output}`,
    )
    return this
  }

  get<Body>(path: string, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    return this.#ask(path, { headers })
  }

  post<Body>(path: string, body: unknown = {}): Promise<Answer<Body>> {
    const headers = { 'content-type': 'application/json' }
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /** Sends actions and expects that none is refused. */
  async send(actions: readonly object[]): Promise<Receipt[]> {
    const { status, body } = await this.post<{ receipts: Receipt[] }>('/v1/actions', actions)
    if (status !== 200) throw new Error(`${this.name} answered ${status}: ${JSON.stringify(body)}`)
    return body.receipts
  }

  async shards(): Promise<ShardStatus[]> {
    return (await this.get<{ shards: ShardStatus[] }>('/v1/shards')).body.shards
  }

  /** Sum over the labels of a metric; undefined if it is not shown. */
  async metric(name: string): Promise<number | undefined> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    if (lines.length === 0) return undefined
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }

  async #ask<Body>(path: string, request: RequestInit): Promise<Answer<Body>> {
    const answer = await fetch(this.url + path, request)
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: JSON.parse(text) as Body }
  }
}

export class TestCluster {
  readonly #settings: Settings
  readonly #lasts: 'test' | 'file'
  readonly #nodes: ClusterNode[] = []

  /**
   * Ends with the running test.
   * @param settings of all its nodes
   * @param lasts `file`: it lasts until `stop`
   */
  constructor(servers: ClusterServers, settings: Settings = {}, lasts: 'test' | 'file' = 'test') {
    this.#lasts = lasts
    this.#settings = {
      PULSEPRINT_NATS: servers.nats.addresses.map((address) => `nats://${address}`).join(','),
      PULSEPRINT_REDIS: servers.redis.url,
      PULSEPRINT_PREFIX: `t-${randomUUID()}`,
      ...settings,
    }
  }

  get prefix(): string {
    return this.#settings.PULSEPRINT_PREFIX!
  }

  /**
   * The process is there; it may still be starting, or fail to.
   * @param preloaded module beside this one
   */
  async spawn(name: string, settings: Settings = {}, preloaded?: string): Promise<ClusterNode> {
    const node = new ClusterNode(name, await freePort(), { ...this.#settings, ...settings }, preloaded)
    this.#nodes.push(node)
    if (this.#lasts === 'test') node.endWithTest()
    return node
  }

  async start(name: string, settings: Settings = {}, preloaded?: string): Promise<ClusterNode> {
    const node = await this.spawn(name, settings, preloaded)
    return node.ready()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.process.end('SIGKILL')))
  }

  /** Starts nodes beside each other; resolves when the shards are spread over them. */
  async startAll(...names: string[]): Promise<ClusterNode[]> {
    const nodes = await Promise.all(names.map((name) => this.start(name)))
    await spreadOver(nodes)
    return nodes
  }
}

/** Resolves when every shard runs on one of the nodes, evenly, and all of them say so. */
export function spreadOver(nodes: readonly ClusterNode[], patienceMs = 60_000): Promise<ShardStatus[]> {
  let seen: ShardStatus[] = []
  const isSpread = async () => {
    const views = await Promise.all(nodes.map((node) => node.shards()))
    seen = views[0]!
    const [first, ...others] = views.map((shards) =>
      shards.map(({ owner, epoch }) => `${owner} ${epoch}`).join(),
    )
    const counts = nodes.map(({ name }) => seen.filter(({ owner }) => owner === name).length)
    const all = counts.reduce((sum, count) => sum + count)
    const isEven = all === seen.length && Math.max(...counts) - Math.min(...counts) <= 1
    return isEven && others.every((other) => other === first) && seen
  }
  return until(isSpread, () => `the shards are not spread: ${JSON.stringify(seen)}`, patienceMs)
}
