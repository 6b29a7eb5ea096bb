// Real nats-servers for tests: one, or a cluster of three, on free ports of this machine, each with JetStream in a
// temporary folder that outlives a kill and goes when the servers are stopped for good.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureServer } from '../../deploy/servers.ts'
import { freePort } from './servers.ts'
import { until } from './until.ts'

const LOG_LENGTH_MAX = 20_000

/** One server process, which can be killed and started again on the same port and folder. */
export class NatsServer {
  readonly name: string
  readonly port: number
  readonly monitorPort: number
  readonly #binary: string
  readonly #configuration: string
  readonly #clustered: boolean
  readonly #endWithUs = () => this.#process?.kill('SIGKILL')
  #process: ChildProcess | undefined
  #log = ''

  constructor(
    name: string,
    port: number,
    monitorPort: number,
    binary: string,
    configuration: string,
    clustered: boolean,
  ) {
    this.name = name
    this.port = port
    this.monitorPort = monitorPort
    this.#binary = binary
    this.#configuration = configuration
    this.#clustered = clustered
  }

  /** Host and port, as a client is given them. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get monitorUrl(): string {
    return `http://127.0.0.1:${this.monitorPort}`
  }

  /** Starts the process; resolves when JetStream has a leader and answers. */
  async start(): Promise<void> {
    const child = spawn(this.#binary, ['-c', this.#configuration], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = child
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_LENGTH_MAX)
    })
    process.on('exit', this.#endWithUs)
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}\n${this.#log}`)
        return this.#isHealthy()
      },
      () => `nats-server ${this.name} did not get ready\n${this.#log}`,
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

  /** Stops the process where it is, and lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal)
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    process.off('exit', this.#endWithUs)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}

export interface NatsServers {
  readonly servers: readonly NatsServer[]
  /** Addresses of all. */
  readonly addresses: string[]
  /** Ends the processes and removes their folders. */
  stop(): Promise<void>
}

/**
 * Starts `count` servers: one by itself, more as a cluster.
 * @param syncInterval `always`: they fsync before each acknowledgement
 */
export async function startNats(count: 1 | 3 = 1, syncInterval = 'always'): Promise<NatsServers> {
  const binary = await ensureServer('nats-server')
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-nats-'))
  const ports: number[] = []
  while (ports.length < 3 * count) ports.push(await freePort())
  const routes = ports.slice(2 * count)
  const servers = Array.from({ length: count }, (_, index) => {
    const [port, monitorPort, name] = [ports[index]!, ports[count + index]!, `n${index}`]
    const file = join(folder, `${name}.conf`)
    const cluster = count === 1 ? [] : clusterLines(routes, index)
    writeFileSync(
      file,
      [...serverLines(name, [port, monitorPort], join(folder, name), syncInterval), ...cluster].join('\n'),
    )
    return new NatsServer(name, port, monitorPort, binary, file, count > 1)
  })
  const stop = async () => {
    await Promise.all(servers.map((server) => server.kill()))
    rmSync(folder, { recursive: true, force: true })
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
  [port, monitorPort]: readonly [number, number],
  folder: string,
  syncInterval: string,
): string[] {
  return [
    `server_name: ${name}`,
    `listen: 127.0.0.1:${port}`,
    `http: 127.0.0.1:${monitorPort}`,
    `jetstream { store_dir: "${folder}", sync_interval: ${syncInterval}, max_file_store: 4GB }`,
  ]
}

function clusterLines(routes: readonly number[], index: number): string[] {
  const urls = routes.map((port) => `nats://127.0.0.1:${port}`)
  return [
    `cluster { name: tests, listen: "127.0.0.1:${routes[index]}", routes: [${urls.map((url) => `"${url}"`)}] }`,
  ]
}
