// A real redis-server on a free port of this machine, with its data in a folder that outlives the
// process.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureServer } from '../servers.ts'
import { freePort } from './free-port.ts'
import type { LastWill } from './last-will.ts'
import { LocalProcess } from './local-process.ts'
import { until } from './until.ts'

export class RedisServer {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #binary: string
  readonly #args: readonly string[]
  readonly #logFile: string
  readonly #lastWill: LastWill | undefined
  #process: LocalProcess | undefined

  private constructor(
    port: number,
    binary: string,
    args: readonly string[],
    logFile: string,
    lastWill?: LastWill,
  ) {
    this.port = port
    this.#binary = binary
    this.#args = args
    this.#logFile = logFile
    this.#lastWill = lastWill
  }

  /** @param settings by name, such as `{ appendonly: 'yes' }`; persists nothing by default */
  static async start(
    folder: string,
    settings: Readonly<Record<string, string>> = {},
    lastWill?: LastWill,
  ): Promise<RedisServer> {
    const binary = await ensureServer('redis-server')
    const port = await freePort()
    mkdirSync(folder, { recursive: true })
    const all = {
      bind: '127.0.0.1',
      port: String(port),
      dir: folder,
      save: '',
      appendonly: 'no',
      ...settings,
    }
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
    const redis = new RedisServer(port, binary, args, join(folder, 'redis.log'), lastWill)
    try {
      await redis.start()
    } catch (error) {
      await redis.kill()
      throw error
    }
    return redis
  }

  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** Undefined while it does not run. */
  get process(): LocalProcess | undefined {
    return this.#process
  }

  /** Again on the same port, with what its folder holds; resolves when it takes connections. */
  async start(): Promise<void> {
    const server = new LocalProcess('redis-server', this.#binary, this.#args, {
      logFile: this.#logFile,
      ...(this.#lastWill && { lastWill: this.#lastWill }),
    })
    this.#process = server
    await until(
      () => {
        server.assertRunning()
        return server.output.includes('Ready to accept connections')
      },
      () => `redis-server did not get ready\n${server.lastWords}`,
    )
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const server = this.#process
    this.#process = undefined
    await server?.end(signal)
  }
}
