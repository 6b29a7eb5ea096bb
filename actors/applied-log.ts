// How far a shard has applied its log, and who waits for it to get further.
import type { Outcome } from '../src/ingest/batch.ts'

/** Records whose outcomes are kept for a submitter that has not asked yet. */
const OUTCOMES_KEPT = 1_024

interface Waiter {
  sequence: number
  resolve(): void
  reject(error: unknown): void
}

export class AppliedLog {
  #applied: number
  #waiters: Waiter[] = []
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
    if (this.#waiters.length === 0) return
    const reached = this.#waiters.filter((waiter) => waiter.sequence <= sequence)
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > sequence)
    for (const waiter of reached) waiter.resolve()
  }

  /** Resolves once the sequence is applied; rejects when the shard fails before. */
  reach(sequence: number): Promise<void> {
    if (sequence <= this.#applied) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.push({ sequence, resolve, reject }))
  }

  /** What became of the actions of a record that was applied just now. */
  outcomesOf(sequence: number): Outcome[] {
    const outcomes = this.#outcomes.get(sequence)
    if (!outcomes) throw new Error(`the outcomes of record ${sequence} are no longer known`)
    return outcomes
  }

  fail(error: unknown): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }
}
