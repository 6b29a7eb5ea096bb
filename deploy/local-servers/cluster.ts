// A whole cluster as processes of this machine: three nats-servers, one redis-server, and nodes of
// the engine. Starts all of it or nothing, and stops it in the order in which nothing is missed.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FileLock, lockFolder } from '../../src/ownership/folder-lock.ts'
import { LastWill } from './last-will.ts'
import type { LocalProcess } from './local-process.ts'
import { type NatsServers, startNatsServers } from './nats.ts'
import { EngineNode } from './node.ts'
import { RedisServer } from './redis.ts'

export interface ClusterOptions {
  /** Holds all data and logs; a cluster that you start on it again goes on from there. */
  folder: string
  nodes: number
  /** Path of the definition; undefined: the built-in one. */
  definition?: string | undefined
  /** Told of each step. */
  tell(line: string): void
}

const DURABLE_REDIS = {
  appendonly: 'yes',
  appendfsync: 'always',
  maxmemory: '2gb',
  'maxmemory-policy': 'noeviction',
}
/** Settings that all nodes of a cluster must share, also nodes that you start elsewhere. */
const ALIKE = ['PULSEPRINT_PREFIX', 'PULSEPRINT_SHARDS', 'PULSEPRINT_LOG_STREAMS', 'PULSEPRINT_REPLICAS']
const STOP_WAIT_MS = 10_000

export class LocalCluster {
  readonly #options: ClusterOptions
  readonly #lastWill = new LastWill()
  #lock: FileLock | undefined
  #nats: NatsServers | undefined
  #redis: RedisServer | undefined
  #nodes: EngineNode[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  get nats(): NatsServers['servers'] {
    return this.#nats?.servers ?? []
  }

  get redis(): RedisServer | undefined {
    return this.#redis
  }

  get nodes(): readonly EngineNode[] {
    return this.#nodes
  }

  /**
   * Resolves when every node may be sent requests. Errors: why a part did not start, with what it
   * said last.
   */
  start(): Promise<void> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  async #startAll(): Promise<void> {
    const { folder, tell } = this.#options
    mkdirSync(folder, { recursive: true })
    this.#lock = lockFolder(folder)
    this.#goOn()
    tell('starting three nats-servers, which elect a leader …')
    const lastWill = this.#lastWill
    this.#nats = await startNatsServers({ folder: join(folder, 'nats'), count: 3, lastWill })
    this.#goOn()
    tell('starting redis-server …')
    this.#redis = await RedisServer.start(join(folder, 'redis'), DURABLE_REDIS, lastWill)
    for (let number = 1; number <= this.#options.nodes; number++) {
      this.#goOn()
      const name = `node-${number}`
      tell(`starting ${name} …`)
      const node = await EngineNode.spawn(name, folder, this.#environment(), lastWill)
      this.#nodes.push(node)
      this.#goOn()
      await node.ready()
    }
    this.#goOn()
    this.#watch()
  }

  /** A part that should end while it starts must not start any more. */
  #goOn(): void {
    if (this.#stopping) throw new Error('stopped while it was starting')
  }

  /** Variables that make one more node join; known once all have started. */
  get settings(): Readonly<Record<string, string>> {
    const { definition } = this.#options
    const inherited = ALIKE.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
    return {
      ...Object.fromEntries(inherited),
      PULSEPRINT_NATS: this.#nats!.addresses.map((address) => `nats://${address}`).join(','),
      PULSEPRINT_NATS_MONITOR: this.nats.map(({ monitorUrl }) => monitorUrl).join(','),
      PULSEPRINT_REDIS: this.#redis!.url,
      ...(definition !== undefined && { PULSEPRINT_DEFINITION: definition }),
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const { PULSEPRINT_DATA: _data, PULSEPRINT_KEYS: _keys, ...inherited } = process.env
    return { ...inherited, ...this.settings }
  }

  get #processes(): LocalProcess[] {
    const servers = [...this.nats.map(({ process }) => process), this.#redis?.process]
    return [...this.#nodes.map(({ process }) => process), ...servers].filter((one) => one !== undefined)
  }

  /**
   * Says so when a part ends by itself, or when somebody kills it to see what happens. The others
   * go on.
   */
  #watch(): void {
    for (const one of this.#processes) {
      const { name, pid } = one
      void one.ended.then(() => {
        if (!this.#stopping) this.#options.tell(`${name} (process ${pid}) has ended`)
      })
    }
  }

  /** Nodes first: they hand over, save and say goodbye while the servers are still there. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    await this.#stopNodes()
    // A start that is under way goes no further, but what it has just started must end too.
    await this.#starting?.catch(() => this.#stopNodes())
    await Promise.all(this.#processes.map((one) => one.end('SIGTERM', STOP_WAIT_MS)))
    this.#lastWill.revoke()
    this.#lock?.release()
  }

  async #stopNodes(): Promise<void> {
    const stops = this.#nodes.map(async (node) => {
      if (!(await node.stop())) this.#options.tell(`${node.name} did not stop in time and was killed`)
    })
    await Promise.all(stops)
  }
}
