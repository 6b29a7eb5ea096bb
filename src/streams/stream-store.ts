// The stream store port: the entries published to subscribers. It is written once per log record
// and shard, in the order of the log. It publishes nothing twice, and drops entries when the log
// drops their records.
import type { Action } from '../model/action.ts'

/** The stream of all accepted actions. */
export const ACTIONS = 'actions'

/** One entry of a stage or decision stream. */
export interface StreamEntry {
  /** Stable, and the same at every replay of the log. */
  id: string
  userId: string
  /** Name of the action that caused it; undefined if time did. */
  action?: string
  /** The JSON object that subscribers get. */
  data: string
}

/** The effects of one log record. */
export interface Publication {
  shard: number
  /** The record. */
  sequence: number
  /** Positions of the record's actions that were not accepted; undefined if it holds no actions. */
  refused: readonly number[] | undefined
  /** The record's actions, refused ones too; only for a store that takes them. */
  actions?: readonly Action[] | undefined
  /** With the actions: length of the record in the log. */
  bytes?: number
  /** Entries by stream, in order. `actions` is not among them. */
  entries: ReadonlyMap<string, readonly StreamEntry[]>
}

/** A publication, or a part of a large one, as one stream sees it. */
export interface StreamItem {
  /** Position in the order in which everything was published; the first is 1. Gaps are usual. */
  number: number
  shard: number
  sequence: number
  /** Positions that were refused, on items of `actions` without entries. */
  refused: readonly number[]
  /**
   * Empty on items of `actions` if the store took no actions: its entries are then read from the
   * log.
   */
  entries: readonly StreamEntry[]
}

export interface StreamStore {
  /** True if publications carry the actions. */
  readonly takesActions: boolean
  /** True if `published` counts the records that led to nothing. */
  readonly countsAll: boolean
  /** Sequence up to which the shard's records are published; 0 in a new store. */
  published(shard: number): number | Promise<number>
  /**
   * Publishes, and drops publications at or before `published` of their shard. Resolves when every
   * reader can see them; readers may be called back before. Calls must not overlap for one shard.
   * Errors: STORAGE_UNAVAILABLE; some may then be published, and the same call again publishes the
   * others.
   */
  publish(publications: readonly Publication[]): Promise<void>
  /**
   * Resolves when everything published by now would survive a power cut. Errors:
   * STORAGE_UNAVAILABLE.
   */
  flushed(): Promise<void>
  /** Items of the stream with a number above `after`, in order, at most `limit`. */
  read(stream: string, after: number, limit: number): StreamItem[] | Promise<StreamItem[]>
  /**
   * Drops what the shard's records up to and including `sequence` led to, its newest item aside if
   * the store needs that to know what is published; some of it may go later, with older items of
   * other shards. Once it resolves, what has gone stays gone, also after a power cut. Gives the
   * sequence of the record up to which no item of `actions` is read from the shard's log any more.
   * Errors: STORAGE_UNAVAILABLE; then some may have gone.
   * @param sequence of a record that is published, as are all before it
   */
  trim(shard: number, sequence: number): Promise<number>
  /**
   * True if any item of the stream with a number above `after` was dropped. Known before the item
   * has gone.
   */
  hasDropped(stream: string, after: number): boolean | Promise<boolean>
  /**
   * At or above the number of every item, and below that of any later one; 0 in a new store.
   * @param atLeast the newest number the caller knows. If an answer is below it, a replica may lag
   * behind: the store asks again
   */
  head(atLeast?: number): number | Promise<number>
  /**
   * Calls back after something was published on the stream, by anyone, and now and then without
   * cause. The returned function ends it.
   */
  onPublished(stream: string, callback: () => void): () => void
  close(): Promise<void>
}
