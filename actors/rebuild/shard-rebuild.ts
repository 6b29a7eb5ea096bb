// One rebuild of a shard from its log, while the shard goes on. It computes one slice of the users
// at a time until the slice has met the live shard. From then on, both apply each record together,
// and a few users are compared between two records.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ActionLog, LogRecord } from '../../src/log/action-log.ts'
import { isoOf } from '../../src/model/instant.ts'
import { Fold } from '../../src/profile/fold.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { RebuildView } from '../../src/views/views.ts'
import { foldLog } from './fold-log.ts'
import type { LiveShard } from './live-shard.ts'
import { LoggedUsers } from './logged-users.ts'
import { RebuildComparison } from './rebuild-comparison.ts'
import { HASH_END, RebuildSlice } from './rebuild-slice.ts'

/** Users compared between two records: about a millisecond. */
const COMPARED_USERS = 32

export interface RebuildDeps {
  log: ActionLog
  snapshots: SnapshotStore
  clock: Clock
  logger: Logger
}

export class ShardRebuild {
  readonly view: RebuildView
  readonly #live: LiveShard
  readonly #deps: RebuildDeps
  readonly #ended: AbortSignal
  /** The rebuild has a fold of its own, because the shard's turns use the shard's meanwhile. */
  readonly #fold: Fold
  readonly #comparison: RebuildComparison
  readonly #logged = new LoggedUsers()
  /** The slice that has met the live shard. */
  #inStep: RebuildSlice | undefined
  #failure: unknown

  /** @param ended aborts when the shard ends here */
  constructor(live: LiveShard, deps: RebuildDeps, ended: AbortSignal) {
    const { shard, epoch, fold, applied } = live
    this.#live = live
    this.#deps = deps
    this.#ended = ended
    this.#fold = new Fold(fold.definition)
    const counts = { passes: 0, users: 0, equal: 0, differing: 0, missing: 0, unlogged: 0 }
    const startedAt = isoOf(deps.clock.now())
    this.view = {
      shard,
      epoch,
      state: 'running',
      startedAt,
      progress: 0,
      to: applied,
      ...counts,
      samples: [],
    }
    this.#comparison = new RebuildComparison(live, deps.snapshots, this.view)
  }

  /** Resolves when the rebuild is done or has failed. The view says which. */
  async run(): Promise<void> {
    const { view } = this
    try {
      await this.#rebuild()
      view.progress = 1
      view.state = 'done'
    } catch (error) {
      view.state = 'failed'
      view.problem = error instanceof Error ? error.message : String(error)
    } finally {
      this.#inStep = undefined
      view.endedAt = isoOf(this.#deps.clock.now())
      this.#log()
    }
  }

  /** Passes on a record that the shard has just applied. */
  applied(record: LogRecord): void {
    try {
      this.#inStep?.fold(record)
    } catch (error) {
      // The shard has applied the record and goes on.
      this.#failure ??= error
    }
  }

  #log(): void {
    const { shard, state, problem, users, equal, differing, missing, unlogged } = this.view
    const facts = { shard, users, equal, differing, missing, unlogged }
    const { logger } = this.#deps
    if (state === 'failed') logger.error('a shard could not be rebuilt', { ...facts, problem })
    else if (equal < users || unlogged > 0) logger.warn('profiles differed from the log', facts)
    else logger.info('a shard was rebuilt from its log', facts)
  }

  async #rebuild(): Promise<void> {
    let [from, length] = [0, HASH_END]
    while (from < HASH_END) {
      const to = Math.min(from + length, HASH_END)
      const slice = new RebuildSlice(this.view.shard, this.#fold, from, to, LIMITS.rebuildUsersMax)
      this.view.passes++
      await this.#meet(slice)
      await this.#compare(slice)
      this.#inStep = undefined
      from = slice.to
      length = slice.to - slice.from
    }
    await this.#findUnlogged()
    if (this.view.differing + this.view.missing > 0) await this.#live.saveAll()
  }

  /** Reads the log until the slice has met the live shard. Errors: LOG_TRIMMED. */
  async #meet(slice: RebuildSlice): Promise<void> {
    const live = this.#live
    const { log } = this.#deps
    await foldLog(log, live, slice, this.#ended, (sequence) =>
      this.#show(slice, 0.5 * (sequence / live.applied)),
    )
    this.#checkGoesOn()
    slice.close()
    this.#inStep = slice
    this.view.to = slice.sequence
    // Checked after reading, because the log may have been trimmed meanwhile.
    if ((await log.tail(this.view.shard)) > 1) throw logTrimmed(this.view.shard)
  }

  async #compare(slice: RebuildSlice): Promise<void> {
    const total = slice.profiles.size
    this.#logged.add(slice)
    this.#show(slice, 0.5)
    // Users that change during the comparison stay for the next round.
    while (slice.profiles.size > 0) {
      const users = [...slice.profiles.keys()]
      for (let at = 0; at < users.length; at += COMPARED_USERS) {
        await this.#comparison.compare(slice.profiles, users.slice(at, at + COMPARED_USERS))
        await this.#live.backpressure.wait()
        await nextTurn()
        this.#checkGoesOn()
        this.#show(slice, 1 - 0.5 * (slice.profiles.size / total))
      }
    }
  }

  async #findUnlogged(): Promise<void> {
    // The store may list a user twice.
    const found = new Set<string>()
    for await (const users of this.#logged.others(this.#live, this.#deps.snapshots)) {
      this.#checkGoesOn()
      for (const user of users) {
        if (found.has(user)) continue
        found.add(user)
        this.view.unlogged++
        this.#comparison.tell(user, ['no action of this user is in the log'])
      }
    }
  }

  /**
   * Errors: NOT_READY if the shard has ended here; otherwise the error that kept a record from
   * being folded.
   */
  #checkGoesOn(): void {
    if (this.#ended.aborted) throw new PulseprintError('NOT_READY', 'the shard is no longer run here')
    if (this.#failure) throw this.#failure
  }

  /** @param share the share of the slice that is done */
  #show({ from, to }: RebuildSlice, share: number): void {
    this.view.progress = (from + (to - from) * share) / HASH_END
  }
}

export function logTrimmed(shard: number): PulseprintError {
  return new PulseprintError(
    'LOG_TRIMMED',
    `the log of shard ${shard} no longer reaches back to its start: its profiles cannot be computed again`,
  )
}
