// Watches the room on the disk below a folder. A database that runs out of it in the middle of a
// write may end the process; refusing actions some way before that keeps it serving.
import { statfs } from 'node:fs/promises'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

const LOOK_INTERVAL_MS = 500

export class DiskSpace {
  readonly #path: string
  readonly #bytesMin: number
  readonly #clock: Clock
  readonly #logger: Logger | undefined
  readonly #freeBytes: (path: string) => Promise<number>
  #free = Number.POSITIVE_INFINITY
  #cancel: () => void = () => {}
  #stopped = false

  /**
   * @param bytesMin room below which `problem` says so
   * @param logger gets a line when room runs out, and when there is some again
   */
  constructor(path: string, bytesMin: number, clock: Clock, logger?: Logger, freeBytes = freeBytesOf) {
    this.#logger = logger
    this.#path = path
    this.#bytesMin = bytesMin
    this.#clock = clock
    this.#freeBytes = freeBytes
  }

  /** What is wrong; undefined if there is room. */
  get problem(): string | undefined {
    if (this.#free >= this.#bytesMin) return undefined
    const [free, least] = [this.#free, this.#bytesMin].map((bytes) => Math.floor(bytes / 1024 ** 2))
    return `the disk has only ${free} MiB left, and ${least} are kept free`
  }

  /** Looks now, and from then on twice a second. */
  async start(): Promise<void> {
    const before = this.problem
    // If a system cannot tell, assume that there is room.
    this.#free = await this.#freeBytes(this.#path).catch(() => Number.POSITIVE_INFINITY)
    const { problem } = this
    if (problem !== undefined && before === undefined)
      this.#logger?.error('no actions are taken', { problem })
    if (problem === undefined && before !== undefined) this.#logger?.info('the disk has room again')
    if (!this.#stopped) this.#cancel = this.#clock.after(LOOK_INTERVAL_MS, () => void this.start())
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }
}

async function freeBytesOf(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}
