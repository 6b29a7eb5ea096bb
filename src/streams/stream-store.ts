// The stream store port: what was published to whom subscribes. It is written once per log record and shard, in
// the order of the log; what was published is never published again.

/** The stream of all accepted actions. */
export const ACTIONS = 'actions'

/** One entry of a stage or decision stream. */
export interface StreamEntry {
  /** Stable, and the same at every replay of the log. */
  id: string
  userId: string
  /** Name of the action that caused it; undefined where time did. */
  action?: string
  /** The JSON object that subscribers get. */
  data: string
}

/** What one log record leads to. */
export interface Publication {
  shard: number
  /** The record. */
  sequence: number
  /** Positions of the record's actions that were not accepted; undefined where it holds no actions. */
  refused: readonly number[] | undefined
  /** Entries by stream, in order. `actions` is not among them: its entries are read from the log. */
  entries: ReadonlyMap<string, readonly StreamEntry[]>
}

/** A publication, or a part of a large one, as one stream sees it. */
export interface StreamItem {
  /** Position in the order in which everything was published; the first is 1. Gaps are usual. */
  number: number
  shard: number
  sequence: number
  /** Set on items of `actions`. */
  refused: readonly number[]
  /** Empty on items of `actions`. */
  entries: readonly StreamEntry[]
}

export interface StreamStore {
  /** Sequence up to which the shard's records are published; 0 in a new store. */
  published(shard: number): number
  /**
   * Publishes; those at or before `published` of their shard are dropped. Resolves when every reader can see them, of
   * this and of every other thread. Calls must not overlap for one shard. Errors: STORAGE_UNAVAILABLE, then
   * nothing was published.
   */
  publish(publications: readonly Publication[]): Promise<void>
  /** Resolves when all that is published by now would survive a power cut. Errors: STORAGE_UNAVAILABLE. */
  flushed(): Promise<void>
  /** Items of the stream with a number above `after`, in order, at most `limit`. */
  read(stream: string, after: number, limit: number): StreamItem[]
  /** At or above the number of every item, and below that of any later one; 0 in a new store. */
  head(): number
  /** Calls back after something was published, by any thread, with the streams it went to. The returned function ends it. */
  onPublished(callback: (streams: readonly string[]) => void): () => void
  close(): Promise<void>
}
