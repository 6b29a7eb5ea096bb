// The rebuilds of one shard since it was taken over. One runs at a time; the state of the last one
// is kept.
import { PulseprintError } from '../../src/errors.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import type { RebuildView } from '../../src/views/views.ts'
import type { LiveShard } from './live-shard.ts'
import { logTrimmed, type RebuildDeps, ShardRebuild } from './shard-rebuild.ts'

export class Rebuilds {
  readonly #live: LiveShard
  readonly #deps: RebuildDeps
  readonly #shardEnded: AbortSignal
  #last: ShardRebuild | undefined
  #running: Promise<void> = Promise.resolve()

  /** @param shardEnded aborts when the shard ends here; that also ends a rebuild */
  constructor(live: LiveShard, deps: RebuildDeps, shardEnded: AbortSignal) {
    this.#live = live
    this.#deps = deps
    this.#shardEnded = shardEnded
  }

  /** Begins a rebuild. Errors: REBUILD_RUNNING, LOG_TRIMMED, NOT_READY. */
  async start(): Promise<RebuildView> {
    const { shard } = this.#live
    if ((await this.#deps.log.tail(shard)) > 1) throw logTrimmed(shard)
    if (this.#shardEnded.aborted) throw new PulseprintError('NOT_READY', `shard ${shard} has stopped`)
    // Until then, the store may hold profiles that are newer than the applied records.
    if (this.#live.applied < this.#live.replayTo) {
      throw new PulseprintError('NOT_READY', `shard ${shard} is still replaying its log`)
    }
    if (this.#last?.view.state === 'running') {
      throw new PulseprintError('REBUILD_RUNNING', `shard ${shard} is being rebuilt; wait until that is done`)
    }
    this.#last = new ShardRebuild(this.#live, this.#deps, this.#shardEnded)
    this.#running = this.#last.run()
    return this.view()
  }

  /** The state of the last rebuild now. Errors: NO_REBUILD. */
  view(): RebuildView {
    if (!this.#last) {
      const message = `shard ${this.#live.shard} was not rebuilt since its owner took it over`
      throw new PulseprintError('NO_REBUILD', message)
    }
    return structuredClone(this.#last.view)
  }

  /** Passes on a record that the shard has just applied. */
  applied(record: LogRecord): void {
    this.#last?.applied(record)
  }

  /** Resolves when no rebuild runs any more. Call it after the shard has ended. */
  ended(): Promise<void> {
    return this.#running
  }
}
