// The action log port: an append-only sequence of records per shard. It is the truth; everything
// else in the engine can be computed again from it.

export interface LogRecord {
  /** Position in the shard's log; the first is 1. Gaps are possible, order is not. */
  sequence: number
  payload: Buffer
  /**
   * What the appender attached, where this record comes straight from it; a record read back has
   * none. It is the follower's until it asks for more.
   */
  decoded?: unknown
}

export interface AppendEntry {
  shard: number
  payload: Uint8Array
  /**
   * The payload in a form its followers can use; handed on in memory, so that nothing is decoded
   * twice.
   */
  decoded?: unknown
}

export interface ActionLog {
  /** Appends to shards of different lanes, `shard % lanes`, do not wait for each other. */
  readonly lanes: number
  /**
   * Makes this process the one that appends to the shard: what any other process has yet to append
   * is refused from then on. Resolves with a head: everything that was acknowledged is at or before
   * it. Errors: STORAGE_UNAVAILABLE.
   * @param opening a record that changes nothing, for a log that knows an owner by its first record
   */
  claim(shard: number, opening: Uint8Array): Promise<number>
  /**
   * Appends one record to each named shard, durably: when it resolves, the records are on disk.
   * Resolves with the sequence of each. Errors: FENCED if another process has claimed one of
   * the shards; STORAGE_UNAVAILABLE; then any of the records may be in the log or yet turn up there,
   * each at most once.
   */
  append(entries: readonly AppendEntry[]): Promise<number[]>
  /** Calls back with each shard that this process was refused, for another has claimed it. */
  onFenced(callback: (shard: number) => void): void
  /**
   * Yields the shard's records after sequence `after`, in order, then waits for new ones until the
   * signal aborts. Each yield is one or more records.
   */
  follow(shard: number, after: number, signal: AbortSignal): AsyncIterable<LogRecord[]>
  /** One record, or undefined if there is none (any more). */
  get(shard: number, sequence: number): LogRecord | undefined | Promise<LogRecord | undefined>
  /** Sequence of the newest durable record; 0 for an empty log. */
  head(shard: number): number | Promise<number>
  /** From this sequence on every record is still held; 1 if nothing was trimmed yet. */
  tail(shard: number): number | Promise<number>
  /** Drops the records up to and including `sequence`, the newest one aside. */
  trim(shard: number, sequence: number): Promise<void>
  /**
   * Bytes that the records of all shards take, as far as the store can tell. What trimming has
   * freed no longer counts.
   */
  bytes(): number | Promise<number>
  close(): Promise<void>
}
