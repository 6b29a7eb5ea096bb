// When the shards save their changes: soon after many actions, and in any case after some seconds.
import { LIMITS } from '../src/limits.ts'
import type { Clock } from '../src/runtime/clock.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { ShardRunner } from './shard-runner.ts'

const TICK_MS = 100

export class CheckpointSchedule {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #actionsMax: number
  readonly #savedAt = new Map<ShardRunner, number>()
  #cancel: () => void = () => {}

  /** @param actionsMax applied actions of one shard after which it saves */
  constructor(clock: Clock, logger: Logger, actionsMax: number) {
    this.#clock = clock
    this.#logger = logger
    this.#actionsMax = actionsMax
  }

  start(runners: readonly ShardRunner[]): void {
    const now = this.#clock.now()
    for (const runner of runners) {
      const many = runner.checkpointer.uncommittedActions >= this.#actionsMax
      const old = now - (this.#savedAt.get(runner) ?? 0) >= LIMITS.checkpointIntervalMs
      if (many || old) this.#save(runner, now)
    }
    this.#cancel = this.#clock.after(TICK_MS, () => this.start(runners))
  }

  #save(runner: ShardRunner, now: number): void {
    this.#savedAt.set(runner, now)
    // The changes stay marked: the next round tries again.
    runner.checkpoint().catch((error) => {
      this.#logger.error('profiles could not be saved', { shard: runner.shard, error })
    })
  }

  stop(): void {
    this.#cancel()
  }
}
