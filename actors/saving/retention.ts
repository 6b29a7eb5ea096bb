// Drops the oldest records of one shard's log, and their entries in the streams, if they are old
// enough or the log takes too much room. It never drops a record that a store which lost its last
// minutes would need for its repair.
import { LIMITS } from '../../src/limits.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { StreamStore } from '../../src/streams/stream-store.ts'
import { DueRecords, type DueUntil } from './retention-scan.ts'

const ROUND_MS = 60_000
/** What a round has left to do for the next. */
const BUSY_ROUND_MS = 1_000

export interface RetentionDeps {
  shard: number
  /** Of the whole engine. */
  shards: number
  log: Pick<ActionLog, 'follow' | 'tail' | 'trim' | 'bytes'>
  streams: Pick<StreamStore, 'trim'>
  clock: Clock
  logger: Logger
  /**
   * Milliseconds that a record is kept at least, and bytes of the whole log above which the oldest
   * records go. Default: everything is kept.
   */
  keep: { ageMs?: number; bytes?: number }
  /**
   * Sequence up to which every profile is saved. The effects of those records are published,
   * because profiles are saved after that.
   */
  committed(): number
}

export class Retention {
  readonly #deps: RetentionDeps
  readonly #due: DueRecords
  readonly #stopping = new AbortController()
  /** Earlier values of `committed` with their times, the oldest first. */
  #commits: { at: number; committed: number }[] = []
  /** Sequence up to which the log was trimmed here. */
  #trimmed = 0
  #cancel: () => void = () => {}
  #running: Promise<void> = Promise.resolve()

  constructor(deps: RetentionDeps) {
    this.#deps = deps
    this.#due = new DueRecords(deps.shard, deps.log)
  }

  start(): void {
    const { ageMs, bytes } = this.#deps.keep
    if (ageMs === undefined && bytes === undefined) return
    this.#coveredUpTo()
    this.#arm(ROUND_MS)
  }

  /** After it resolves, this drops nothing more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancel()
    await this.#running
  }

  #arm(delayMs: number): void {
    if (this.#stopping.signal.aborted) return
    this.#cancel = this.#deps.clock.after(delayMs, () => {
      this.#running = this.#run().then((busy) => this.#arm(busy ? BUSY_ROUND_MS : ROUND_MS))
    })
  }

  /** True if there is more to drop. */
  async #run(): Promise<boolean> {
    const { shard, logger } = this.#deps
    try {
      const upTo = this.#coveredUpTo()
      const busy = upTo > 0 && (await this.#due.find(await this.#dueUntil(upTo), this.#stopping.signal))
      await this.#trim()
      return busy
    } catch (error) {
      if (!this.#stopping.signal.aborted) logger.error('the log could not be trimmed', { shard, error })
      return false
    }
  }

  /** Adds the present `committed`, and returns the one of long enough ago. */
  #coveredUpTo(): number {
    const at = this.#deps.clock.now()
    const newest = this.#commits.at(-1)
    if (!newest || at - newest.at >= ROUND_MS) this.#commits.push({ at, committed: this.#deps.committed() })
    const last = this.#commits.findLastIndex((commit) => commit.at <= at - LIMITS.logKeptCommittedMs)
    if (last > 0) this.#commits.splice(0, last)
    return last < 0 ? 0 : this.#commits[0]!.committed
  }

  async #dueUntil(upTo: number): Promise<DueUntil> {
    const { log, clock, shards, keep } = this.#deps
    const now = clock.now()
    const takes = keep.bytes === undefined ? 0 : await log.bytes()
    const excess = Math.max(0, takes - (keep.bytes ?? 0))
    return {
      upTo,
      now,
      receivedBefore: now - (keep.ageMs ?? Number.POSITIVE_INFINITY),
      // Every shard drops its share.
      bytes: excess / shards,
      // No shard is cut closer to the present than the others, even if it holds little: a
      // subscriber resumes all shards from one place.
      shareOfTime: excess === 0 ? 0 : excess / takes,
    }
  }

  async #trim(): Promise<void> {
    const { shard, log, streams } = this.#deps
    const { sequence, actionsSequence } = this.#due
    if (sequence <= this.#trimmed || this.#stopping.signal.aborted) return
    const released = await streams.trim(shard, sequence)
    const upTo = released >= actionsSequence ? sequence : released
    if (upTo <= this.#trimmed) return
    await log.trim(shard, upTo)
    this.#trimmed = upTo
    if (upTo === sequence) this.#due.dropped()
  }
}
