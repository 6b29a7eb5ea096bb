// The action log on LMDB: one database per shard, keyed by sequence, all appended to in one
// transaction.
import { type Database, open, type RootDatabase } from 'lmdb'
import { LIMITS } from '../../limits.ts'
import type { ActionLog, AppendEntry, LogRecord } from '../../log/action-log.ts'
import { checkStoreIdentity, type StoreIdentity } from '../../model/store-identity.ts'
import { closed, committed } from './lmdb-write.ts'

/** Records read at once while catching up, and the bytes after which no more are. */
const READ_RECORDS_MAX = 64
const READ_BYTES_MAX = 4 * 1024 * 1024

interface Follower {
  position: number
}

interface Shard {
  records: Database<Buffer, number>
  /** Newest durable sequence. */
  head: number
  /** Sequence of the next append. A failed append leaves a gap: a sequence is never given twice. */
  next: number
  /**
   * The newest records, oldest first, that a follower has yet to take: one at the head reads no
   * disk.
   */
  recent: LogRecord[]
  /** Up to where each follower has taken the shard's records. */
  followers: Set<Follower>
  /** Followers that wait for the next record. */
  waiting: Set<() => void>
}

/** What LMDB tells of one database; its types leave it out. */
interface DatabaseStats {
  pageSize: number
  treeBranchPageCount: number
  treeLeafPageCount: number
  overflowPages: number
}

export class LmdbActionLog implements ActionLog {
  /** One transaction takes the records of all shards. */
  readonly lanes = 1
  readonly headMayLag = false
  readonly #root: RootDatabase
  readonly #shards: Shard[]
  /** By shard the sequence up to which it was trimmed. */
  readonly #trimmed: Database<number, number>
  /** Bytes of the records of all shards that are kept in memory. */
  #recentBytes = 0

  /**
   * Opens or creates the log in a folder. Errors: STORE_MISMATCH when it was created with another
   * identity.
   */
  constructor(path: string, identity: StoreIdentity) {
    // Without overlappingSync a commit resolves only after its fsync: an acknowledgement must mean
    // just that.
    this.#root = open({
      path,
      maxDbs: identity.shards + 3,
      encoding: 'binary',
      overlappingSync: false,
      // Its own batches reject promises that nobody holds; ours are explicit.
      eventTurnBatching: false,
      noSubdir: false,
    })
    checkStoreIdentity(this.#root.openDB({ name: 'identity', encoding: 'json' }), identity, path)
    this.#trimmed = this.#root.openDB({ name: 'trimmed', encoding: 'json' })
    this.#shards = Array.from({ length: identity.shards }, (_, shard) => {
      const records: Database<Buffer, number> = this.#root.openDB({
        name: `shard-${shard}`,
        encoding: 'binary',
      })
      const head = lastKey(records)
      return { records, head, next: head + 1, recent: [], followers: new Set(), waiting: new Set() }
    })
  }

  async append(entries: readonly AppendEntry[]): Promise<number[]> {
    const appended = entries.map(({ shard: index, payload, decoded }) => {
      const shard = this.#shard(index)
      return { shard, record: { sequence: shard.next++, payload: payload as Buffer, decoded } }
    })
    // One transaction, hence one fsync for all shards.
    const commit = this.#root.batch(() => {
      for (const { shard, record } of appended) shard.records.put(record.sequence, record.payload)
    })
    await committed(commit, 'the log could not be written')
    for (const { shard, record } of appended) {
      shard.head = record.sequence
      this.#keepRecent(shard, record)
      for (const wake of shard.waiting) wake()
      shard.waiting.clear()
    }
    return appended.map(({ record }) => record.sequence)
  }

  async *follow(shardIndex: number, after: number, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    const shard = this.#shard(shardIndex)
    let wake = () => {}
    const wakeOnAbort = () => wake()
    signal.addEventListener('abort', wakeOnAbort)
    const follower = { position: after }
    shard.followers.add(follower)
    try {
      while (!signal.aborted) {
        const records = this.#after(shard, follower.position)
        const last = records.at(-1)
        if (last) {
          yield records
          follower.position = last.sequence
          this.#forgetTaken(shard)
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve
            shard.waiting.add(resolve)
          })
        }
      }
    } finally {
      shard.followers.delete(follower)
      this.#forgetTaken(shard)
      signal.removeEventListener('abort', wakeOnAbort)
    }
  }

  /** A follower that falls behind what is kept in memory reads the disk. */
  #keepRecent(shard: Shard, record: LogRecord): void {
    if (shard.followers.size === 0) return
    shard.recent.push(record)
    this.#recentBytes += record.payload.length
    // The newest record stays whatever its size: a follower at the head is about to take it.
    while (shard.recent.length > 1 && this.#recentBytes > LIMITS.recentRecordBytesMax)
      this.#forgetOldest(shard)
  }

  /** Kept longer, actions would grow old in memory, which costs more than reading them again. */
  #forgetTaken(shard: Shard): void {
    let taken = Number.POSITIVE_INFINITY
    for (const { position } of shard.followers) taken = Math.min(taken, position)
    while (shard.recent.length > 0 && shard.recent[0]!.sequence <= taken) this.#forgetOldest(shard)
  }

  #forgetOldest(shard: Shard): void {
    this.#recentBytes -= shard.recent.shift()!.payload.length
  }

  #after(shard: Shard, position: number): LogRecord[] {
    const oldest = shard.recent[0]
    if (oldest && position + 1 >= oldest.sequence) {
      return shard.recent.filter((record) => record.sequence > position)
    }
    const records: LogRecord[] = []
    let bytes = 0
    for (const { key, value } of shard.records.getRange({ start: position + 1, limit: READ_RECORDS_MAX })) {
      records.push({ sequence: key, payload: value })
      bytes += value.length
      if (bytes > READ_BYTES_MAX) break
    }
    return records
  }

  get(shardIndex: number, sequence: number): LogRecord | undefined {
    const { records } = this.#shard(shardIndex)
    let payload = records.get(sequence)
    if (!payload) {
      // LMDB's cached view of the data may be older than what another thread has appended.
      this.#root.resetReadTxn()
      payload = records.get(sequence)
    }
    return payload && { sequence, payload }
  }

  head(shard: number): number {
    return this.#shard(shard).head
  }

  tail(shard: number): number {
    return (this.#trimmed.get(shard) ?? 0) + 1
  }

  async trim(shardIndex: number, sequence: number): Promise<void> {
    const { records, head } = this.#shard(shardIndex)
    // The newest record stays: after a restart it tells where the log goes on.
    const upTo = Math.min(sequence, head - 1)
    if (upTo < this.tail(shardIndex)) return
    const commit = this.#root.batch(() => {
      void this.#trimmed.put(shardIndex, upTo)
      for (const key of records.getKeys({ end: upTo + 1 })) void records.remove(key)
    })
    await committed(commit, 'the log could not be trimmed')
  }

  bytes(): number {
    // LMDB's cached view of the data may be older than what another thread has appended.
    this.#root.resetReadTxn()
    let bytes = 0
    for (const { records } of this.#shards) bytes += usedBytes(records.getStats() as DatabaseStats)
    return bytes
  }

  async close(): Promise<void> {
    await closed(this.#root)
  }

  #shard(index: number): Shard {
    const shard = this.#shards[index]
    if (!shard) throw new RangeError(`no shard ${index}`)
    return shard
  }
}

/** Pages that hold records; those set free by trimming are used again, the file never shrinks. */
function usedBytes(stats: DatabaseStats): number {
  const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = stats
  return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages)
}

function lastKey(records: Database<Buffer, number>): number {
  for (const key of records.getKeys({ reverse: true, limit: 1 })) return key
  return 0
}
