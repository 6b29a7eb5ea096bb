// Finds the sequence up to which a shard's log may be dropped, by reading on from the oldest
// record. A round does a bounded amount of work, and looks at each record once.
import { decodeHeader } from '../../src/ingest/records.ts'
import type { ActionLog, LogRecord } from '../../src/log/action-log.ts'

/** The most records, and bytes of them, that one round looks at. */
const ROUND_RECORDS_MAX = 2_000
const ROUND_BYTES_MAX = 32 * 1024 * 1024

export interface DueUntil {
  /** No record above this sequence is due. */
  upTo: number
  now: number
  /** Records that arrived before this instant are due. */
  receivedBefore: number
  /** In addition, this many bytes are due, the oldest first: */
  bytes: number
  /** but only records from the oldest part of the time that the log spans, 0 to 1. */
  shareOfTime: number
}

export class DueRecords {
  readonly #shard: number
  readonly #log: Pick<ActionLog, 'follow' | 'tail'>
  /**
   * Sequences of the newest record that is due, and of the newest due one that holds actions; 0:
   * none is.
   */
  sequence = 0
  actionsSequence = 0
  /** Bytes of the due records that the log still holds. */
  #bytes = 0
  /**
   * When the oldest record that the log holds arrived, or the one that is looked at; undefined if
   * unknown.
   */
  #oldestAt: number | undefined
  #begun = false

  constructor(shard: number, log: Pick<ActionLog, 'follow' | 'tail'>) {
    this.#shard = shard
    this.#log = log
  }

  /** The log has dropped every record that is due. */
  dropped(): void {
    this.#bytes = 0
  }

  /** Looks at records that it has not found due yet. True if it has left some for the next time. */
  async find(until: DueUntil, signal: AbortSignal): Promise<boolean> {
    if (!this.#begun) this.sequence = (await this.#log.tail(this.#shard)) - 1
    this.#begun = true
    if (until.upTo <= this.sequence) return false
    if (this.#oldestAt !== undefined && !this.#isDue(this.#oldestAt, until)) return false
    this.#oldestAt = undefined
    // A follower that is left early may keep its listener for ever, so it gets a signal of its own.
    const reading = AbortSignal.any([signal])
    let [count, bytes] = [0, 0]
    for await (const records of this.#log.follow(this.#shard, this.sequence, reading)) {
      for (const record of records) {
        if (signal.aborted || !this.#take(record, until)) return false
        count += 1
        bytes += record.payload.length
        const enough = count >= ROUND_RECORDS_MAX || bytes >= ROUND_BYTES_MAX
        if (record.sequence < until.upTo && !enough) continue
        this.#oldestAt = undefined
        return enough
      }
    }
    return false
  }

  /** False if the record is not due. */
  #take({ sequence, payload }: LogRecord, until: DueUntil): boolean {
    const { kind, receivedAt } = decodeHeader(payload)
    this.#oldestAt ??= receivedAt
    if (sequence > until.upTo || !this.#isDue(receivedAt, until)) {
      this.#oldestAt = receivedAt
      return false
    }
    this.sequence = sequence
    if (kind === 'actions') this.actionsSequence = sequence
    this.#bytes += payload.length
    return true
  }

  #isDue(receivedAt: number, { now, receivedBefore, bytes, shareOfTime }: DueUntil): boolean {
    if (receivedAt < receivedBefore) return true
    const oldestAt = this.#oldestAt ?? receivedAt
    return this.#bytes < bytes && receivedAt < oldestAt + (now - oldestAt) * shareOfTime
  }
}
