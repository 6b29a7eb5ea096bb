// The rebuilds of one shard since it was taken over: one at a time, and how the last one went.
import { PulseprintError } from '../src/errors.ts'
import type { LogRecord } from '../src/log/action-log.ts'
import type { RebuildView } from '../src/model/shapes.ts'
import { logTrimmed, type RebuildParts, ShardRebuild } from './shard-rebuild.ts'
import type { ShardRunner } from './shard-runner.ts'

export class Rebuilds {
  readonly #runner: ShardRunner
  readonly #parts: RebuildParts
  readonly #shardEnded: AbortSignal
  #last: ShardRebuild | undefined
  #running: Promise<void> = Promise.resolve()

  /** @param shardEnded aborts when the shard ends here; a rebuild then does too */
  constructor(runner: ShardRunner, parts: RebuildParts, shardEnded: AbortSignal) {
    this.#runner = runner
    this.#parts = parts
    this.#shardEnded = shardEnded
  }

  /** Begins one. Errors: REBUILD_RUNNING, LOG_TRIMMED, NOT_READY. */
  async start(): Promise<RebuildView> {
    const { shard } = this.#runner
    if ((await this.#parts.log.tail(shard)) > 1) throw logTrimmed(shard)
    if (this.#shardEnded.aborted) throw new PulseprintError('NOT_READY', `shard ${shard} has stopped`)
    // Until then profiles may have been saved ahead of what is applied.
    if (this.#runner.applied < this.#runner.replayTo) {
      throw new PulseprintError('NOT_READY', `shard ${shard} is still replaying its log`)
    }
    if (this.#last?.view.state === 'running') {
      throw new PulseprintError('REBUILD_RUNNING', `shard ${shard} is being rebuilt; wait until that is done`)
    }
    this.#last = new ShardRebuild(this.#runner, this.#parts, this.#shardEnded)
    this.#running = this.#last.run()
    return this.view()
  }

  /** How the last one goes or went, as of now. Errors: NO_REBUILD. */
  view(): RebuildView {
    if (!this.#last) {
      const message = `shard ${this.#runner.shard} was not rebuilt since its owner took it over`
      throw new PulseprintError('NO_REBUILD', message)
    }
    return structuredClone(this.#last.view)
  }

  /** Takes note of a record that the shard has just applied. */
  applied(record: LogRecord): void {
    this.#last?.applied(record)
  }

  /** Resolves when nothing of a rebuild goes on any more. Call it once the shard ends. */
  ended(): Promise<void> {
    return this.#running
  }
}
