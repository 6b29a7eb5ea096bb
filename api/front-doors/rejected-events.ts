// Says in the log that a client sends wrong events: at once, and from then on once a minute, however
// many come.
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'

const INTERVAL_MS = 60_000

export class RejectedEvents {
  readonly #clock: Clock
  readonly #logger: Logger
  #rejected = 0
  #of = 0
  #sample = {}
  #waits = false

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** @param sample what was wrong with one of them */
  add(rejected: number, of: number, sample: { code: string; path: string }): void {
    this.#rejected += rejected
    this.#of += of
    this.#sample = sample
    if (!this.#waits) this.#say()
  }

  #say(): void {
    this.#waits = this.#rejected > 0
    if (!this.#waits) return
    this.#logger.warn('Segment events were rejected', {
      rejected: this.#rejected,
      of: this.#of,
      ...this.#sample,
    })
    this.#rejected = 0
    this.#of = 0
    this.#clock.after(INTERVAL_MS, () => this.#say())
  }
}
