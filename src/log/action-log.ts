// The action log port: an append-only sequence of records per shard. It is the truth; everything
// else in the engine can be computed again from it.

export interface LogRecord {
  /** Position in the shard's log; the first is 1. There may be gaps, but the order holds. */
  sequence: number
  payload: Buffer
  /**
   * The appender's attachment, if this record comes straight from the appender; a record read back
   * has none. It belongs to the follower until the follower asks for more.
   */
  decoded?: unknown
}

export interface AppendEntry {
  shard: number
  payload: Uint8Array
  /**
   * The payload in a form that followers can use. It is handed on in memory, so that nothing is
   * decoded twice.
   */
  decoded?: unknown
}

export interface ActionLog {
  /** Appends to shards of different lanes, `shard % lanes`, do not wait for each other. */
  readonly lanes: number
  /**
   * Makes this process the only one that may append to the shard: from then on, the log refuses the
   * appends of any other process. Resolves with a head that is at or after everything acknowledged.
   * Errors: STORAGE_UNAVAILABLE.
   * @param opening a record that changes nothing, for a log that knows an owner by its first record
   */
  claim(shard: number, opening: Uint8Array): Promise<number>
  /**
   * Appends one record to each named shard. Resolves with the sequence of each when the records are
   * on disk. Errors: FENCED if another process has claimed one of the shards. STORAGE_UNAVAILABLE;
   * any of the records may then be in the log or still turn up there, each at most once.
   */
  append(entries: readonly AppendEntry[]): Promise<number[]>
  /**
   * Calls back with each shard whose append was refused because another process has claimed the
   * shard.
   */
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
  /** The log holds every record from this sequence on; 1 if it was never trimmed. */
  tail(shard: number): number | Promise<number>
  /** Drops the records up to and including `sequence`, except the newest record. */
  trim(shard: number, sequence: number): Promise<void>
  /**
   * Bytes that the records of all shards take, as far as the store can tell, without what trimming
   * has freed.
   */
  bytes(): number | Promise<number>
  close(): Promise<void>
}
