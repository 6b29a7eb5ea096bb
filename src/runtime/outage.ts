// Tells the operator once that something fails, and once that all of it works again, however often
// it is tried meanwhile and however many parts fail.
import type { Logger } from './logger.ts'

export interface OutageWords {
  begun: string
  ended: string
  /** How long a part may fail before the log says so. */
  patienceMs?: number
}

export class Outage<Part> {
  readonly #logger: Logger
  readonly #words: OutageWords
  readonly #now: () => number
  /** Since when each part fails. */
  readonly #failing = new Map<Part, number>()
  #told = false

  /** @param now milliseconds of a clock that never jumps */
  constructor(logger: Logger, words: OutageWords, now = () => performance.now()) {
    this.#logger = logger
    this.#words = words
    this.#now = now
  }

  /** @param facts go into the log if this failure is the one that is logged */
  failed(part: Part, facts: Record<string, unknown>): void {
    const since = this.#failing.get(part) ?? this.#now()
    this.#failing.set(part, since)
    if (this.#told || this.#now() - since < (this.#words.patienceMs ?? 0)) return
    this.#told = true
    this.#logger.warn(this.#words.begun, facts)
  }

  worked(part: Part): void {
    this.#failing.delete(part)
    if (!this.#told || this.#failing.size > 0) return
    this.#told = false
    this.#logger.info(this.#words.ended)
  }

  /** The part is gone from here. The next success of the others shows whether they work. */
  forget(part: Part): void {
    this.#failing.delete(part)
  }
}
