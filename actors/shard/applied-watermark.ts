// How far a shard has applied its log, and who waits for it to get further.
import type { Outcome } from '../../src/ingest/batch.ts'
import type { Effect } from '../../src/rules/effect.ts'

/** Records of which is known what became of them, for a submitter that is about to ask. */
const RECORDS_KEPT = 64

/** What became of a record. */
export interface Applied {
  readonly outcomes: Outcome[]
  readonly effects: Effect[]
}

/** The part of a record that came from one chunk: `count` actions from position `offset` on, counted anew from 0. */
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
  readonly #records = new Map<number, Applied>()

  constructor(applied: number) {
    this.#applied = applied
  }

  /** Last sequence that was applied. */
  get applied(): number {
    return this.#applied
  }

  advance(sequence: number, record: Applied): void {
    this.#applied = sequence
    this.#records.set(sequence, record)
    if (this.#records.size > RECORDS_KEPT) {
      for (const oldest of this.#records.keys()) {
        this.#records.delete(oldest)
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

  /** What became of a record that was applied just now. */
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
