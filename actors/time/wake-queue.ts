// The users of one shard that time will change soon, and when. The index in the snapshot store
// knows all users as last saved. This queue holds the near future of the index, and later changes.
import type { SnapshotStore, Wake } from '../../src/snapshots/snapshot-store.ts'
import type { HotUser } from '../users/hot-user.ts'

/** How far ahead of the clock the queue reads the index. */
const HORIZON_MS = 10_000
/** Entries of the index that one read takes. */
const PAGE_LENGTH = 1_000

export class WakeQueue {
  readonly #shard: number
  readonly #snapshots: SnapshotStore
  /**
   * Binary heap by `wakeAt`. An entry may be out of date, so whoever takes it looks at the user.
   */
  readonly #heap: Wake[] = []
  /** Every user with a wake time up to here is in the queue, or in the index after `#readTo`. */
  #horizon = Number.NEGATIVE_INFINITY
  #readTo: Wake | undefined
  #indexIsRead = true

  constructor(shard: number, snapshots: SnapshotStore) {
    this.#shard = shard
    this.#snapshots = snapshots
  }

  /**
   * Queues a user whose profile has changed. True if the queue now begins with that user. Most
   * actions move a silence further away: the user's earlier entry then stays, and whoever takes it
   * calls this again.
   */
  changed(user: HotUser): boolean {
    const wakeAt = user.profile?.standing?.wakeAt
    if (wakeAt === undefined || wakeAt > this.#horizon || wakeAt >= user.queuedAt) return false
    user.queuedAt = wakeAt
    this.#push({ wakeAt, user: user.name })
    return this.#heap[0]!.user === user.name
  }

  /** When the queue must be looked at next, epoch ms. */
  next(now: number): number {
    const first = this.#heap[0]?.wakeAt ?? Number.POSITIVE_INFINITY
    if (!this.#indexIsRead) return this.#heap.length < PAGE_LENGTH ? now : first
    return Math.min(first, this.#horizon - HORIZON_MS / 2)
  }

  /**
   * Reads further in the index if needed.
   * @param unsaved users whose changes the index may not show yet
   */
  async refill(now: number, unsaved: Iterable<HotUser>): Promise<void> {
    if (this.#indexIsRead && now >= this.#horizon - HORIZON_MS / 2) {
      const before = this.#horizon
      // This moves first. Users that change from now on enter by themselves, and the read below
      // finds users that were saved before.
      this.#horizon = now + HORIZON_MS
      this.#indexIsRead = false
      for (const user of unsaved) {
        const wakeAt = user.profile?.standing?.wakeAt
        if (wakeAt !== undefined && wakeAt > before) this.changed(user)
      }
    }
    if (this.#indexIsRead || this.#heap.length >= PAGE_LENGTH) return
    const page = await this.#snapshots.wakes(this.#shard, this.#readTo, this.#horizon, PAGE_LENGTH)
    for (const wake of page) this.#push(wake)
    this.#indexIsRead = page.length < PAGE_LENGTH
    this.#readTo = this.#indexIsRead ? { wakeAt: this.#horizon, user: '' } : page.at(-1)
  }

  /** The next user to be woken at or before `now`. */
  take(now: number): Wake | undefined {
    const first = this.#heap[0]
    if (!first || first.wakeAt > now) return undefined
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink()
    }
    return first
  }

  /** Queues users again that could not be woken. */
  putBack(wakes: Iterable<Wake>): void {
    for (const wake of wakes) this.#push(wake)
  }

  #push(wake: Wake): void {
    const heap = this.#heap
    let at = heap.push(wake) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (heap[above]!.wakeAt <= wake.wakeAt) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = wake
  }

  #sink(): void {
    const heap = this.#heap
    const wake = heap[0]!
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.wakeAt < heap[below]!.wakeAt) below++
      if (heap[below]!.wakeAt >= wake.wakeAt) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = wake
  }
}
