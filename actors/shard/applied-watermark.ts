// How far a shard has applied its log, and who waits for it to get further.
import type { Outcome } from '../../src/ingest/batch.ts'
import type { Effect } from '../../src/rules/effect.ts'

/**
 * Records whose outcomes are kept for submitters. A submitter asks as soon as the shard gets there,
 * a few records later at most.
 */
const RECORDS_KEPT = 64

/** What became of a record. */
export interface Applied {
  readonly outcomes: Outcome[]
  readonly effects: Effect[]
}

/**
 * The part of a record that came from one chunk: `count` actions from position `offset` on,
 * renumbered from 0.
 */
export function partOf({ outcomes, effects }: Applied, offset: number, count: number): Applied {
  const end = offset + count
  return {
    outcomes: outcomes.slice(offset, end),
    effects: effects
      .filter(({ position }) => position >= offset && position < end)
      .map((effect) => ({ ...effect, position: effect.position - offset })),
  }
}

interface Waiter {
  sequence: number
  resolve(): void
  reject(error: unknown): void
}

export class AppliedWatermark {
  #applied: number
  readonly #waiters = new Set<Waiter>()
  /** Kept only while a submitter is about to ask. */
  readonly #records = new Map<number, Applied>()
  #expecting = 0

  constructor(applied: number) {
    this.#applied = applied
  }

  /** Last sequence that was applied. */
  get applied(): number {
    return this.#applied
  }

  advance(sequence: number, record: Applied): void {
    this.#applied = sequence
    if (this.#expecting > 0) this.#keep(sequence, record)
    for (const waiter of this.#waiters) {
      if (waiter.sequence > sequence) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  #keep(sequence: number, { outcomes, effects }: Applied): void {
    // Only these two: the record's actions may take megabytes.
    this.#records.set(sequence, { outcomes, effects })
    if (this.#records.size <= RECORDS_KEPT) return
    for (const oldest of this.#records.keys()) {
      this.#records.delete(oldest)
      break
    }
  }

  /**
   * Keeps the outcomes of records until you call the returned function. Call it if you are going to
   * ask for them.
   */
  expect(): () => void {
    this.#expecting += 1
    return () => {
      this.#expecting -= 1
      if (this.#expecting === 0) this.#records.clear()
    }
  }

  /** How many callers wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /**
   * Resolves once the sequence is applied; rejects when the shard fails before.
   * @param givenUp abort it to stop waiting, because the sequence may never come. The promise then
   * never settles
   */
  reach(sequence: number, givenUp?: AbortSignal): Promise<void> {
    if (sequence <= this.#applied) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiter = { sequence, resolve, reject }
      this.#waiters.add(waiter)
      givenUp?.addEventListener('abort', () => this.#waiters.delete(waiter), { once: true })
    })
  }

  /** The outcomes of a record that was applied just now, if a caller had announced itself. */
  recordOf(sequence: number): Applied {
    const record = this.#records.get(sequence)
    if (!record) throw new Error(`what became of record ${sequence} is no longer known`)
    return record
  }

  fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }
}
