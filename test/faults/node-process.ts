// One node of the engine as a process: `pulseprint start` with links of its own to every server,
// and the preloaded module that stalls it or moves its clock. A node that ends by itself is started
// again, as its supervisor would.
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/servers.ts'
import { until } from '../support/until.ts'
import { FaultyLink } from './faulty-link.ts'
import { ServerProcess } from './server-process.ts'

const RESTART_MS = 500
const READY_MS_MAX = 60_000

export interface NodeOptions {
  name: string
  /** Of its process and log. */
  processName: string
  folder: string
  /** The file whose command line starts the engine. */
  program: string
  definitionPath: string
  shards: number
  logStreams: number
  hotUsersMax: number
  natsPorts: readonly number[]
  redisPort: number
  /** Told when it ends although nobody ended it. */
  onDeath(how: string, process: ServerProcess): void
}

export class NodeProcess {
  readonly name: string
  readonly url: string
  readonly process: ServerProcess
  /** To each nats-server. */
  readonly nats: readonly FaultyLink[]
  readonly redis: FaultyLink
  /** Whether it is to run: if not, nobody starts it again. */
  #wanted = false

  private constructor(options: NodeOptions, port: number, nats: FaultyLink[], redis: FaultyLink) {
    this.name = options.name
    this.url = `http://127.0.0.1:${port}`
    this.nats = nats
    this.redis = redis
    const command = {
      file: process.execPath,
      args: [options.program, 'start'],
      env: {
        ...withoutSettings(process.env),
        NODE_OPTIONS: `--import ${new URL('chaos.ts', import.meta.url)}`,
        PULSEPRINT_NATS: nats.map(({ address }) => `nats://${address}`).join(','),
        PULSEPRINT_REDIS: `redis://${redis.address}`,
        PULSEPRINT_NODE: options.name,
        PULSEPRINT_PORT: String(port),
        PULSEPRINT_DEFINITION: options.definitionPath,
        PULSEPRINT_SHARDS: String(options.shards),
        PULSEPRINT_LOG_STREAMS: String(options.logStreams),
        PULSEPRINT_HOT_USERS: String(options.hotUsersMax),
      },
    }
    this.process = new ServerProcess(options.processName, options.folder, command, (how) => {
      options.onDeath(how, this.process)
      void this.#startAgain()
    })
  }

  static async prepare(options: NodeOptions): Promise<NodeProcess> {
    const nats = await Promise.all(options.natsPorts.map((port) => FaultyLink.open(port)))
    return new NodeProcess(options, await freePort(), nats, await FaultyLink.open(options.redisPort))
  }

  get links(): FaultyLink[] {
    return [...this.nats, this.redis]
  }

  /** Starts it where it does not run. */
  start(env: NodeJS.ProcessEnv = {}): void {
    this.#wanted = true
    if (!this.process.running) this.process.start(env)
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.#wanted = false
    return this.process.end(signal)
  }

  /** Starts it in a way that it must refuse; resolves with its exit code. */
  async refusesToStart(env: NodeJS.ProcessEnv): Promise<number | null> {
    this.#wanted = false
    this.process.start(env)
    return this.process.endsByItself()
  }

  async isReady(): Promise<boolean> {
    if (!this.process.running) return false
    try {
      const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(1_000) })
      await answer.body?.cancel()
      return answer.ok
    } catch {
      return false
    }
  }

  async ready(): Promise<void> {
    await until(
      () => this.isReady(),
      () => `${this.name} did not get ready:\n${this.process.tail(30)}`,
      READY_MS_MAX,
    )
  }

  close(): void {
    for (const link of this.links) link.close()
  }

  async #startAgain(): Promise<void> {
    await sleep(RESTART_MS)
    if (this.#wanted && !this.process.running) this.process.start()
  }
}

function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PULSEPRINT_')))
}
