// The Redis of the suite: AOF with an fsync for each write, killed and started again, and put back
// to an older copy of its files.
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { Redis } from 'ioredis'
import { ensureServer } from '../../deploy/servers.ts'
import { freePort } from '../support/servers.ts'
import { until } from '../support/until.ts'
import { ServerProcess } from './server-process.ts'

const AOF = 'appendonlydir'

export class RedisServer {
  readonly port: number
  readonly process: ServerProcess
  readonly #folder: string
  #copiedAt: number | undefined

  private constructor(folder: string, port: number, process: ServerProcess) {
    this.#folder = folder
    this.port = port
    this.process = process
  }

  static async start(parent: string): Promise<RedisServer> {
    const file = await ensureServer('redis-server')
    const folder = `${parent}/redis-data`
    mkdirSync(folder)
    const port = await freePort()
    const settings = {
      bind: '127.0.0.1',
      port,
      dir: folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      // A rewrite while the files are copied would tear the copy.
      'auto-aof-rewrite-percentage': 0,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const redis = new RedisServer(folder, port, new ServerProcess('redis', parent, { file, args }))
    redis.process.start()
    await redis.ready()
    return redis
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  async ready(): Promise<void> {
    const client = new Redis(this.port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null })
    client.on('error', () => {})
    try {
      await until(
        async () => (await client.ping()) === 'PONG',
        () => `Redis did not get ready:\n${this.process.tail(20)}`,
      )
    } finally {
      client.disconnect()
    }
  }

  /**
   * Copies its files as they are at this moment, as a backup would: writes that are on their way
   * are cut off.
   */
  copyFiles(): void {
    const copy = `${this.#folder}/copy`
    rmSync(copy, { recursive: true, force: true })
    cpSync(`${this.#folder}/${AOF}`, copy, { recursive: true })
    this.#copiedAt = performance.now()
  }

  /** Whether there is an older copy to go back to. */
  get hasCopy(): boolean {
    return this.#copiedAt !== undefined
  }

  get copyAgeMs(): number {
    return performance.now() - (this.#copiedAt ?? 0)
  }

  /** Puts the copy in the place of the files. Only while the process is down. */
  rollBack(): void {
    const copy = `${this.#folder}/copy`
    if (!existsSync(copy)) throw new Error('there is no copy to go back to')
    rmSync(`${this.#folder}/${AOF}`, { recursive: true })
    cpSync(copy, `${this.#folder}/${AOF}`, { recursive: true })
  }
}
