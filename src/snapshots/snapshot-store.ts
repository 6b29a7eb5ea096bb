// The snapshot store port: saved points of the fold over the log. For each shard, it holds an
// epoch, an offset, and the encoded profiles with an index of when time changes them. Every commit
// names its epoch, and the store refuses an older one.

export interface ShardCheckpoint {
  epoch: number
  /** Every profile is saved at least up to this sequence of the log. */
  offset: number
  /** Nothing older than this is missing at the offset, epoch ms. Only a shared store keeps it. */
  savedAt?: number
}

export interface Commit {
  epoch: number
  /** Raises the saved offset, in the same transaction; leave it out to save profiles only. */
  offset?: number
  /** With an offset: nothing older than this is missing, epoch ms. */
  savedAt?: number
  profiles: readonly StoredProfile[]
}

export interface StoredProfile {
  user: string
  bytes: Uint8Array
  /** When time will change something for the user, epoch ms: kept in an index. Infinity: never. */
  wakeAt: number
  /** The user's entry in the index so far; Infinity: none. */
  wakeBefore: number
}

/** Stored profiles in the order of the request; undefined for a user that has none. */
export type Loaded = readonly (Buffer | undefined)[]

/** An entry of the index of users that time will change. */
export interface Wake {
  wakeAt: number
  user: string
}

export interface SnapshotStore {
  /**
   * True if others read the store in the owner's stead. A checkpoint then states its time even if
   * nothing has changed.
   */
  readonly isShared: boolean
  /** Epoch 0 and offset 0 for a shard that was never claimed. */
  checkpoint(shard: number): Promise<ShardCheckpoint>
  /**
   * Records a higher epoch, so that commits of older ones are refused from now on. Errors: FENCED.
   */
  claim(shard: number, epoch: number): Promise<void>
  /**
   * The stored profiles; at once if the store is in this process. Errors: STORAGE_UNAVAILABLE; with
   * an epoch, FENCED if the epoch no longer holds or the store has lost commits of it.
   * @param epoch of the owner that goes on from these profiles; leave it out if you only read
   */
  load(shard: number, users: readonly string[], epoch?: number): Loaded | Promise<Loaded>
  /**
   * The shard's users that must be woken, in the order of (wakeAt, user); at most `limit`.
   * @param after begins after this entry
   * @param until latest wakeAt, inclusive
   */
  wakes(shard: number, after: Wake | undefined, until: number, limit: number): Promise<Wake[]>
  /** Names of all users of the shard that have a profile, page by page. A name may come twice. */
  users(shard: number): AsyncIterable<string[]>
  /**
   * Writes atomically. Errors: FENCED when a newer epoch has claimed the shard;
   * STORAGE_UNAVAILABLE.
   */
  commit(shard: number, commit: Commit): Promise<void>
  /** Number of stored profiles. */
  count(): Promise<number>
  /**
   * Removes every profile and sets every offset to 0, but keeps the epochs: the start of a rebuild.
   */
  reset(fingerprint: string): Promise<void>
  /** Fingerprint of the definition the profiles were computed with; undefined in a new store. */
  fingerprint(): Promise<string | undefined>
  close(): Promise<void>
}
