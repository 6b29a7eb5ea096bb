// How far a shard has applied its log, and who waits for it to get further.
import type { Outcome } from '../src/ingest/batch.ts'

/** Records whose outcomes are kept for a submitter that is about to ask. */
const OUTCOMES_KEPT = 64

interface Waiter {
  sequence: number
  resolve(): void
  reject(error: unknown): void
}

export class AppliedLog {
  #applied: number
  readonly #waiters = new Set<Waiter>()
  readonly #outcomes = new Map<number, Outcome[]>()

  constructor(applied: number) {
    this.#applied = applied
  }

  /** Last sequence that was applied. */
  get applied(): number {
    return this.#applied
  }

  advance(sequence: number, outcomes: Outcome[]): void {
    this.#applied = sequence
    this.#outcomes.set(sequence, outcomes)
    if (this.#outcomes.size > OUTCOMES_KEPT) {
      for (const oldest of this.#outcomes.keys()) {
        this.#outcomes.delete(oldest)
        break
      }
    }
    for (const waiter of this.#waiters) {
      if (waiter.sequence > sequence) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Resolves once the sequence is applied; rejects when the shard fails before.
   * @param givenUp aborted by who waits no longer: a sequence that never comes must not be waited for for ever
   */
  reach(sequence: number, givenUp?: AbortSignal): Promise<void> {
    if (sequence <= this.#applied) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiter = { sequence, resolve, reject }
      this.#waiters.add(waiter)
      givenUp?.addEventListener('abort', () => this.#waiters.delete(waiter), { once: true })
    })
  }

  /** What became of the actions of a record that was applied just now. */
  outcomesOf(sequence: number): Outcome[] {
    const outcomes = this.#outcomes.get(sequence)
    if (!outcomes) throw new Error(`the outcomes of record ${sequence} are no longer known`)
    return outcomes
  }

  fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }
}
