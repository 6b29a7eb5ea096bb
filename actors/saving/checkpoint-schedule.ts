// When the shards save their changes: soon after many actions, and in any case after some seconds.
// Shards of a thread save one at a time, because each slice of encoding keeps requests waiting.
import { LIMITS } from '../../src/limits.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Observer } from '../../src/runtime/observer.ts'
import { Outage } from '../../src/runtime/outage.ts'
import type { ShardRunner } from '../shard/shard-runner.ts'

const TICK_MS = 50
/** Places in the interval over which the shards' saves are spread. */
const SPREAD = 16

export class CheckpointSchedule {
  readonly #clock: Clock
  readonly #observer: Observer
  readonly #outage: Outage<ShardRunner>
  readonly #actionsMax: number
  readonly #savedAt = new Map<ShardRunner, number>()
  #running = false
  #stopped = false
  #cancel: () => void = () => {}

  /** @param actionsMax applied actions of one shard after which it saves */
  constructor(clock: Clock, logger: Logger, observer: Observer, actionsMax: number) {
    this.#clock = clock
    this.#observer = observer
    const words = { begun: 'profiles could not be saved', ended: 'profiles are saved again' }
    this.#outage = new Outage(logger, words)
    this.#actionsMax = actionsMax
  }

  add(runner: ShardRunner): void {
    // Spread over the interval, so that the shards don't all save at once later.
    const spread = (LIMITS.checkpointIntervalMs * (runner.shard % SPREAD)) / SPREAD
    this.#savedAt.set(runner, this.#clock.now() - spread)
    if (this.#running) return
    this.#running = true
    this.#saveNext()
  }

  remove(runner: ShardRunner): void {
    this.#savedAt.delete(runner)
    this.#outage.forget(runner)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #saveNext(): void {
    if (this.#stopped) return
    const runner = this.#due()
    if (!runner) {
      this.#cancel = this.#clock.after(TICK_MS, () => this.#saveNext())
      return
    }
    this.#savedAt.set(runner, this.#clock.now())
    runner.checkpoint().then(
      () => {
        this.#outage.worked(runner)
        this.#saveNext()
      },
      (error) => {
        // The changes stay marked, so the next round tries again. If the shard has ended here,
        // another node saves it.
        if (this.#savedAt.has(runner)) {
          this.#observer.unsaved()
          this.#outage.failed(runner, { shard: runner.shard, error })
        }
        this.#cancel = this.#clock.after(TICK_MS, () => this.#saveNext())
      },
    )
  }

  /** Of the shards that must save now, the one that has waited longest. */
  #due(): ShardRunner | undefined {
    const now = this.#clock.now()
    let due: ShardRunner | undefined
    for (const [runner, savedAt] of this.#savedAt) {
      const many = runner.checkpointer.uncommittedActions >= this.#actionsMax
      if (!many && now - savedAt < LIMITS.checkpointIntervalMs) continue
      if (!due || savedAt < this.#savedAt.get(due)!) due = runner
    }
    return due
  }
}
