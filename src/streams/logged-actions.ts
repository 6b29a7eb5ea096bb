// The entries of the stream `actions`, read from the log. Subscribers that are near each other
// share one decoded record. The JSON of an action is made only when a subscriber wants it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { decodeActions } from '../ingest/records.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Action } from '../model/action.ts'
import type { Candidate } from './candidate.ts'
import { standardAction } from './standard-action.ts'
import type { StreamItem } from './stream-store.ts'

/** Bytes of the records whose actions are kept. Decoded, they take a few times as much. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024
/** If a record is larger than this, other work has its turn before it is decoded. */
const LARGE_BYTES = 64 * 1024

interface Kept {
  candidates: Promise<(Candidate | undefined)[]>
  bytes: number
}

export class LoggedActions {
  readonly #log: Pick<ActionLog, 'get'>
  /** By number of the item, the longest unused first. */
  readonly #kept = new Map<number, Kept>()
  #keptBytes = 0

  constructor(log: Pick<ActionLog, 'get'>) {
    this.#log = log
  }

  /**
   * By position in the record; undefined if an action was refused. Empty if the log no longer holds
   * the record.
   */
  of(item: StreamItem): Promise<(Candidate | undefined)[]> {
    const kept = this.#kept.get(item.number) ?? this.#load(item)
    this.#kept.delete(item.number)
    this.#kept.set(item.number, kept)
    return kept.candidates
  }

  #load(item: StreamItem): Kept {
    const kept: Kept = {
      candidates: this.#decode(item, (bytes) => this.#count(item.number, bytes)),
      bytes: 0,
    }
    // The caller gets the error; the next caller tries again.
    kept.candidates.catch(() => this.#drop(item.number))
    return kept
  }

  async #decode(item: StreamItem, count: (bytes: number) => void): Promise<(Candidate | undefined)[]> {
    const payload = (await this.#log.get(item.shard, item.sequence))?.payload
    count(payload?.length ?? 0)
    if (!payload) return []
    if (payload.length > LARGE_BYTES) await nextTurn()
    const refused = new Set(item.refused)
    return decodeActions(payload).map((action, position) =>
      refused.has(position) ? undefined : new LoggedAction(action, item),
    )
  }

  /**
   * Makes room for the bytes of an item that was just read. Items still on their way count nothing
   * yet, and stay.
   */
  #count(number: number, bytes: number): void {
    const kept = this.#kept.get(number)
    if (!kept || bytes === 0) {
      this.#drop(number)
      return
    }
    kept.bytes = bytes
    this.#keptBytes += bytes
    for (const [other, { bytes: counted }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES_MAX) return
      if (other !== number && counted > 0) this.#drop(other)
    }
  }

  #drop(number: number): void {
    this.#keptBytes -= this.#kept.get(number)?.bytes ?? 0
    this.#kept.delete(number)
  }
}

class LoggedAction implements Candidate {
  readonly #action: Action
  readonly #item: StreamItem
  #data: string | undefined

  constructor(action: Action, item: StreamItem) {
    this.#action = action
    this.#item = item
  }

  get id(): string {
    return this.#action.id
  }

  get user(): string {
    return this.#action.user
  }

  get action(): string {
    return this.#action.action
  }

  get data(): string {
    this.#data ??= JSON.stringify(standardAction(this.#action, this.#item))
    return this.#data
  }
}
