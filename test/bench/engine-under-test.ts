// The engine as a user starts it, on a free port and an empty data folder, and what the benchmark
// asks of it.
import { writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Database, open, type RootDatabase } from 'lmdb'
import type { ShardStatus } from '../../src/views/views.ts'
import { freePort } from '../support/servers.ts'
import { until } from '../support/until.ts'
import type { Cleanup } from './cleanup.ts'
import type { MemoryAnswer } from './memory-probe.ts'
import { userIdOf } from './segment-batch.ts'
import { OWN_ROOT, ServerProcess } from './server-process.ts'

const DEFINITION = fileURLToPath(new URL('definition.yaml', import.meta.url))
const PROBE = new URL('memory-probe.ts', import.meta.url)
const CLOCK = new URL('../support/clock-ahead.ts', import.meta.url)
const HEAP_MIB = 8_192
const PATIENCE_MS = 300_000

export interface Stored {
  users: number
  /** Bytes of the pages that hold profiles. */
  usedBytes: number
  fileBytes: number
  /** Users that time will change, and bytes of the pages of their index. */
  wakes: number
  wakesBytes: number
}

export interface EngineOptions {
  hotUsers: number
  /** Undefined: as many as the engine takes by itself. */
  threads?: number
  /** Text of the definition. Default: definition.yaml. */
  definition?: string
  /** Of the checkout whose engine it is. Default: ours. */
  root?: string
}

export class EngineUnderTest {
  readonly port: number
  readonly #folder: string
  readonly #options: EngineOptions
  #clockAheadMs = 0
  #process: ServerProcess
  /** Stops it and removes its data. */
  readonly stop: () => Promise<void>

  private constructor(port: number, folder: string, options: EngineOptions, cleanup: Cleanup) {
    this.port = port
    this.#folder = folder
    this.#options = options
    this.#process = this.#spawn()
    this.stop = cleanup.defer(async () => {
      await this.#process.end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    })
  }

  static async start(cleanup: Cleanup, options: EngineOptions): Promise<EngineUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'pulseprint-bench-'))
    const engine = new EngineUnderTest(await freePort(), folder, options, cleanup)
    await engine.ready()
    return engine
  }

  get server(): ServerProcess {
    return this.#process
  }

  /** Everything appended is applied. */
  async applied(): Promise<void> {
    await this.#shards((shard) => shard.lag === 0, 'applied')
  }

  /** Everything applied is in the snapshots. */
  async saved(): Promise<void> {
    await this.#shards((shard) => shard.lag === 0 && shard.committed === shard.head, 'saved')
  }

  /** Live bytes on all heaps after a collection, and anonymous resident bytes of the process. */
  async memory(): Promise<{ liveBytes: number; residentBytes: number }> {
    const { liveBytes } = await this.#process.ask<MemoryAnswer>()
    return { liveBytes, residentBytes: this.#process.anonymousBytes() }
  }

  async stored(): Promise<Stored> {
    const path = join(this.#folder, 'snapshots')
    const root = open({ path, encoding: 'binary', noSubdir: false, readOnly: true })
    try {
      const profiles = pagesOf(root, 'profiles')
      const wakes = pagesOf(root, 'wakes')
      const { size } = await stat(join(path, 'data.mdb'))
      return {
        users: profiles.entries,
        usedBytes: profiles.bytes,
        fileBytes: size,
        wakes: wakes.entries,
        wakesBytes: wakes.bytes,
      }
    } finally {
      await root.close()
    }
  }

  /** What each part of the data folder takes on disk, the largest first. */
  async diskBytes(): Promise<{ name: string; bytes: number }[]> {
    const parts = await Promise.all(
      (await readdir(this.#folder)).map(async (name) => ({
        name,
        bytes: await allocatedBytes(join(this.#folder, name)),
      })),
    )
    return parts.filter(({ bytes }) => bytes >= 2 ** 20).toSorted((a, b) => b.bytes - a.bytes)
  }

  /** Where the streams are stored. */
  get streamsPath(): string {
    return join(this.#folder, 'streams')
  }

  /**
   * `kill -9`, and a start that is not waited for.
   * @param clockAheadMs how far ahead the engine's clock then is
   */
  async killAndSpawn(clockAheadMs = 0): Promise<void> {
    await this.#process.end('SIGKILL')
    this.#clockAheadMs = clockAheadMs
    this.#process = this.#spawn()
  }

  ready(): Promise<void> {
    return this.#answers('/readyz')
  }

  /** `kill -9`, start, and the milliseconds from then to the first profile that is answered. */
  async killAndRestart(): Promise<number> {
    await this.#process.end('SIGKILL')
    const start = performance.now()
    this.#process = this.#spawn()
    await this.#answers(`/v1/profiles/${userIdOf(0)}`)
    return performance.now() - start
  }

  #spawn(): ServerProcess {
    const { hotUsers, threads, definition, root = OWN_ROOT } = this.#options
    const definitionPath = definition === undefined ? DEFINITION : join(this.#folder, 'definition.yaml')
    if (definition !== undefined) writeFileSync(definitionPath, definition)
    const preloaded = this.#clockAheadMs > 0 ? [PROBE, CLOCK] : [PROBE]
    const env = {
      PULSEPRINT_DEFINITION: definitionPath,
      PULSEPRINT_PORT: String(this.port),
      PULSEPRINT_DATA: this.#folder,
      PULSEPRINT_HOT_USERS: String(hotUsers),
      ...(threads !== undefined && { PULSEPRINT_THREADS: String(threads) }),
      CLOCK_AHEAD_MS: String(this.#clockAheadMs),
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB} --expose-gc ${preloaded.map((url) => `--import ${url}`).join(' ')}`,
    }
    return new ServerProcess('src/cli/pulseprint.ts', ['start'], env, root)
  }

  async #answers(path: string): Promise<void> {
    await until(
      async () => {
        this.#process.assertRunning()
        const response = await fetch(`http://127.0.0.1:${this.port}${path}`).catch(() => undefined)
        await response?.body?.cancel()
        return response?.status === 200
      },
      () => `${path} was not answered:\n${this.#process.output}`,
      PATIENCE_MS,
    )
  }

  async #shards(condition: (shard: ShardStatus) => boolean, word: string): Promise<void> {
    await until(
      async () => {
        const response = await fetch(`http://127.0.0.1:${this.port}/v1/shards`)
        const { shards } = (await response.json()) as { shards: ShardStatus[] }
        return shards.every(condition)
      },
      () => `the log was not ${word} in time:\n${this.#process.output}`,
      PATIENCE_MS,
    )
  }
}

/** Blocks in use: a file may be larger than what is written of it. */
async function allocatedBytes(path: string): Promise<number> {
  const status = await stat(path)
  if (!status.isDirectory()) return status.blocks * 512
  const inside = await Promise.all((await readdir(path)).map((name) => allocatedBytes(join(path, name))))
  return inside.reduce((sum, bytes) => sum + bytes, 0)
}

function pagesOf(root: RootDatabase, name: string): { entries: number; bytes: number } {
  const database: Database<Buffer, Buffer> = root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
  const pages = database.getStats() as Record<string, number>
  const used = pages.treeBranchPageCount! + pages.treeLeafPageCount! + pages.overflowPages!
  return { entries: pages.entryCount!, bytes: used * pages.pageSize! }
}
