// The action log on LMDB: one database per shard, keyed by sequence, all appended to in one
// transaction. A shard is claimed by a number that LMDB itself looks at before it writes.
import { randomInt } from 'node:crypto'
import type { Database, RootDatabase } from 'lmdb'
import { PulseprintError } from '../../errors.ts'
import type { ActionLog, AppendEntry, LogRecord } from '../../log/action-log.ts'
import { checkStoreIdentity, type StoreIdentity } from '../../model/store-identity.ts'
import { openLmdb } from './lmdb-open.ts'
import { type Follower, type Recent, RecentRecords } from './lmdb-recent-records.ts'
import { closed, committed } from './lmdb-write.ts'

const NOTHING = Buffer.alloc(0)
const FAILURE = 'the log could not be written'
/** How many records, and about how many bytes, a follower reads at once while it catches up. */
const READ_RECORDS_MAX = 64
const READ_BYTES_MAX = 4 * 1024 * 1024

/** A claim is a random number out of so many that no two are the same. */
const CLAIMS = 2 ** 48 - 1

interface Shard {
  index: number
  /** Our claim; undefined: the shard was never claimed here, and anybody may append to it. */
  claim: number | undefined
  records: Database<Buffer, number>
  /** Newest durable sequence. */
  head: number
  /** Sequence of the next append. A failed append leaves a gap: a sequence is never given twice. */
  next: number
  recent: Recent
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
  readonly #root: RootDatabase
  readonly #shards: Shard[]
  /** The sequence up to which each shard was trimmed. */
  readonly #trimmed: Database<number, number>
  /** The claim of each shard's present owner: the version of an entry that holds nothing. */
  readonly #claims: Database<Buffer, number>
  readonly #fencedListeners = new Set<(shard: number) => void>()
  readonly #recent = new RecentRecords()

  /**
   * Opens or creates the log in a folder. Errors: STORE_MISMATCH when it was created with another
   * identity.
   */
  constructor(path: string, identity: StoreIdentity) {
    // Without overlappingSync a commit resolves only after its fsync: an acknowledgement must mean
    // just that.
    this.#root = openLmdb(path, {
      maxDbs: identity.shards + 4,
      encoding: 'binary',
      overlappingSync: false,
      // LMDB's own batches reject promises that nobody holds. Our batches are explicit.
      eventTurnBatching: false,
    })
    checkStoreIdentity(this.#root.openDB({ name: 'identity', encoding: 'json' }), identity, path)
    this.#trimmed = this.#root.openDB({ name: 'trimmed', encoding: 'json' })
    this.#claims = this.#root.openDB({ name: 'claims', encoding: 'binary', useVersions: true })
    this.#shards = Array.from({ length: identity.shards }, (_, index) => {
      const records: Database<Buffer, number> = this.#root.openDB({
        name: `shard-${index}`,
        encoding: 'binary',
      })
      const head = lastKey(records)
      const recent = { records: [], followers: new Set<Follower>() }
      return { index, claim: undefined, records, head, next: head + 1, recent, waiting: new Set() }
    })
  }

  async claim(index: number): Promise<number> {
    const shard = this.#shard(index)
    const claim = randomInt(1, CLAIMS)
    await committed(this.#claims.put(index, NOTHING, claim), FAILURE)
    // Another process may have appended since this one opened the log.
    this.#root.resetReadTxn()
    shard.claim = claim
    shard.head = lastKey(shard.records)
    shard.next = Math.max(shard.next, shard.head + 1)
    return shard.head
  }

  async append(entries: readonly AppendEntry[]): Promise<number[]> {
    const appended = entries.map(({ shard: index, payload, decoded }) => {
      const shard = this.#shard(index)
      return { shard, record: { sequence: shard.next++, payload: payload as Buffer, decoded } }
    })
    const written: PromiseLike<boolean>[] = []
    // One transaction, hence one fsync for all shards.
    const commit = this.#root.batch(() => {
      for (const { shard, record } of appended) written.push(this.#put(shard, record))
    })
    const [, ...isWritten] = await committed(Promise.all([commit, ...written]), FAILURE)
    for (const [at, { shard, record }] of appended.entries()) {
      if (!isWritten[at]) continue
      shard.head = record.sequence
      this.#recent.keep(shard.recent, record)
      for (const wake of shard.waiting) wake()
      shard.waiting.clear()
    }
    const refused = appended.filter((_, at) => !isWritten[at])
    for (const { shard } of refused) this.#fenced(shard)
    if (refused[0]) {
      throw new PulseprintError('FENCED', `another process has claimed shard ${refused[0].shard.index}`)
    }
    return appended.map(({ record }) => record.sequence)
  }

  /** Within a batch. Resolves with false if the shard was claimed by another process. */
  #put({ index, claim, records }: Shard, { sequence, payload }: LogRecord): PromiseLike<boolean> {
    let isAbsent: Promise<boolean> | undefined
    const put = () => {
      isAbsent = records.ifNoExists(sequence, () => void records.put(sequence, payload))
      // If the commit fails, its error is the one to report.
      isAbsent.catch(() => {})
    }
    if (claim !== undefined)
      return this.#claims.ifVersion(index, claim, put).then((isOurs) => isOurs && isAbsent!)
    put()
    return isAbsent!
  }

  onFenced(callback: (shard: number) => void): void {
    this.#fencedListeners.add(callback)
  }

  #fenced({ index }: Shard): void {
    for (const listener of this.#fencedListeners) listener(index)
  }

  async *follow(shardIndex: number, after: number, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    const shard = this.#shard(shardIndex)
    let wake = () => {}
    const wakeOnAbort = () => wake()
    signal.addEventListener('abort', wakeOnAbort)
    const follower = { position: after }
    shard.recent.followers.add(follower)
    try {
      while (!signal.aborted) {
        const records = this.#after(shard, follower.position)
        const last = records.at(-1)
        if (last) {
          yield records
          follower.position = last.sequence
          this.#recent.forgetTaken(shard.recent)
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve
            shard.waiting.add(resolve)
          })
        }
      }
    } finally {
      shard.recent.followers.delete(follower)
      this.#recent.forgetTaken(shard.recent)
      signal.removeEventListener('abort', wakeOnAbort)
    }
  }

  #after(shard: Shard, position: number): LogRecord[] {
    if (position >= shard.head) return []
    const oldest = shard.recent.records[0]
    if (oldest && position + 1 >= oldest.sequence) {
      return shard.recent.records.filter((record) => record.sequence > position)
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

/** Bytes of the pages that hold records. Trimming frees pages for later use; the file never shrinks. */
function usedBytes(stats: DatabaseStats): number {
  const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = stats
  return pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages)
}

function lastKey(records: Database<Buffer, number>): number {
  for (const key of records.getKeys({ reverse: true, limit: 1 })) return key
  return 0
}
