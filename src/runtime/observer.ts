// What the shards report for metrics while they run: once per record or commit, never per action.

export interface Observer {
  /** A user was woken this long after time was to change it. */
  woken(latenessMs: number): void
  /**
   * How long after its arrival a record was applied, and how long after its first action occurred;
   * undefined for a tick.
   */
  applied(sinceReceivedMs: number, sinceOccurredMs: number | undefined): void
  /** A checkpoint was written. */
  committed(durationMs: number): void
  /** A checkpoint failed; the shard tries it again. */
  unsaved(): void
  /** The log refused actions of a request. */
  refused(): void
  /** The snapshot store refused a write of this owner, or showed that it has lost some. */
  fenced(): void
  /** A shard was taken over. */
  begun(): void
  /** A record was applied again: the shard had it before it was taken over. */
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
