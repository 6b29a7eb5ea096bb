// What the shards tell of while they run, for metrics: once per record or commit, never per action.

export interface Observer {
  /** A user is woken so late after time was to change it. */
  woken(latenessMs: number): void
  /**
   * A record was applied so long after it was taken in, and after its first action occurred;
   * undefined for a tick.
   */
  applied(sinceReceivedMs: number, sinceOccurredMs: number | undefined): void
  /** A checkpoint was written. */
  committed(durationMs: number): void
  /** A checkpoint failed; it is tried again. */
  unsaved(): void
  /** The log did not take what a request brought. */
  refused(): void
  /** The snapshot store has refused a write of this owner, or shown that it has lost some. */
  fenced(): void
  /** A shard was taken over. */
  begun(): void
  /** A record was applied once more that the shard had before it was taken over. */
  replayed(actions: number): void
}

export const silentObserver: Observer = {
  woken() {},
  applied() {},
  committed() {},
  unsaved() {},
  refused() {},
  fenced() {},
  begun() {},
  replayed() {},
}
