// Real nats-servers on free ports of this machine: one, or a cluster of three, each with its
// JetStream in a folder that outlives the process.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureServer } from '../servers.ts'
import { freePorts } from './free-port.ts'
import type { LastWill } from './last-will.ts'
import { LocalProcess } from './local-process.ts'
import { until } from './until.ts'

export interface NatsOptions {
  /** Holds configurations, logs and data. */
  folder: string
  /** One by itself, or three as a cluster. */
  count: 1 | 3
  /** `always`: they fsync before each acknowledgement. */
  syncInterval?: string
  lastWill?: LastWill
}

interface Ports {
  client: number
  monitor: number
}

/** One server, which can be killed and started again on the same ports and folder. */
export class NatsServer {
  readonly name: string
  readonly port: number
  readonly monitorPort: number
  readonly #binary: string
  readonly #configuration: string
  readonly #clustered: boolean
  readonly #lastWill: LastWill | undefined
  #process: LocalProcess | undefined

  constructor(
    name: string,
    { client, monitor }: Ports,
    binary: string,
    configuration: string,
    clustered: boolean,
    lastWill?: LastWill,
  ) {
    this.name = name
    this.port = client
    this.monitorPort = monitor
    this.#binary = binary
    this.#configuration = configuration
    this.#clustered = clustered
    this.#lastWill = lastWill
  }

  /** Host and port, as a client is given them. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get monitorUrl(): string {
    return `http://127.0.0.1:${this.monitorPort}`
  }

  /** Undefined while it does not run. */
  get process(): LocalProcess | undefined {
    return this.#process
  }

  /** Starts the process; resolves when JetStream has a leader and answers. */
  async start(): Promise<void> {
    const options = {
      logFile: this.#configuration.replace(/\.conf$/, '.log'),
      ...(this.#lastWill && { lastWill: this.#lastWill }),
    }
    const server = new LocalProcess(
      `nats-server ${this.name}`,
      this.#binary,
      ['-c', this.#configuration],
      options,
    )
    this.#process = server
    await until(
      () => {
        server.assertRunning()
        return this.#isHealthy()
      },
      () => `nats-server ${this.name} did not get ready\n${server.lastWords}`,
    )
  }

  async #isHealthy(): Promise<boolean> {
    const answer = await fetch(`${this.monitorUrl}/healthz`).catch(() => undefined)
    if (answer?.ok !== true) return false
    return !this.#clustered || (await this.#metaLeader()) !== undefined
  }

  /** The server that places streams in the cluster. */
  async #metaLeader(): Promise<string | undefined> {
    const answer = await fetch(`${this.monitorUrl}/jsz`).catch(() => undefined)
    const { meta_cluster } = ((await answer?.json()) ?? {}) as { meta_cluster?: { leader?: string } }
    return meta_cluster?.leader
  }

  /** Stops the process at any point, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(signal)
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const server = this.#process
    this.#process = undefined
    await server?.end(signal)
  }
}

export interface NatsServers {
  readonly servers: readonly NatsServer[]
  /** Addresses of all. */
  readonly addresses: string[]
  /** Ends the processes. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

export async function startNatsServers(options: NatsOptions): Promise<NatsServers> {
  const { folder, count, syncInterval = 'always', lastWill } = options
  const binary = await ensureServer('nats-server')
  mkdirSync(folder, { recursive: true })
  const ports = await freePorts(3 * count)
  const routes = ports.slice(2 * count)
  const servers = Array.from({ length: count }, (_, index) => {
    const name = `n${index}`
    const own = { client: ports[index]!, monitor: ports[count + index]! }
    const file = join(folder, `${name}.conf`)
    const cluster = count === 1 ? [] : clusterLines(routes, index)
    const lines = [...serverLines(name, own, join(folder, name), syncInterval), ...cluster]
    writeFileSync(file, lines.join('\n'))
    return new NatsServer(name, own, binary, file, count > 1, lastWill)
  })
  const stop = async (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL') => {
    await Promise.all(servers.map((server) => server.kill(signal)))
  }
  try {
    await Promise.all(servers.map((server) => server.start()))
  } catch (error) {
    await stop()
    throw error
  }
  return { servers, addresses: servers.map(({ address }) => address), stop }
}

function serverLines(
  name: string,
  { client, monitor }: Ports,
  folder: string,
  syncInterval: string,
): string[] {
  return [
    `server_name: ${name}`,
    `listen: 127.0.0.1:${client}`,
    `http: 127.0.0.1:${monitor}`,
    `jetstream { store_dir: "${folder}", sync_interval: ${syncInterval}, max_file_store: 4GB }`,
  ]
}

/**
 * Clients are given all addresses and learn none from the servers. So if a proxy stands in front of a
 * server, clients cannot pass it by.
 */
function clusterLines(routes: readonly number[], index: number): string[] {
  const urls = routes.map((port) => `"nats://127.0.0.1:${port}"`)
  return [
    `cluster { name: local, listen: "127.0.0.1:${routes[index]}", no_advertise: true, routes: [${urls}] }`,
  ]
}
