// The newest records of the log in memory, so that a follower at the head reads no disk. Their bytes
// are bounded over all shards. A record goes once every follower has taken it.
import { LIMITS } from '../../limits.ts'
import type { LogRecord } from '../../log/action-log.ts'

export interface Follower {
  /** Sequence of the newest record that it has taken. */
  position: number
}

/** Of one shard. */
export interface Recent {
  /** Oldest first. */
  records: LogRecord[]
  followers: Set<Follower>
}

export class RecentRecords {
  #bytes = 0

  /** A follower that falls behind what is kept reads the disk. */
  keep(recent: Recent, record: LogRecord): void {
    if (recent.followers.size === 0) return
    recent.records.push(record)
    this.#bytes += record.payload.length
    // The newest record stays whatever its size: a follower at the head is about to take it.
    while (recent.records.length > 1 && this.#bytes > LIMITS.recentRecordBytesMax) this.#forgetOldest(recent)
  }

  /** Actions that stay long cost the garbage collector more than reading them again. */
  forgetTaken(recent: Recent): void {
    let taken = Number.POSITIVE_INFINITY
    for (const { position } of recent.followers) taken = Math.min(taken, position)
    while (recent.records.length > 0 && recent.records[0]!.sequence <= taken) this.#forgetOldest(recent)
  }

  #forgetOldest(recent: Recent): void {
    this.#bytes -= recent.records.shift()!.payload.length
  }
}
