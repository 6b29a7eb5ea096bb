// The users that a rebuild has met in the shard's log, in eight bytes each. Stored profiles of
// other users have no record behind them.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { hash53 } from '../../src/model/hash.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { LiveShard } from './live-shard.ts'
import type { RebuildSlice } from './rebuild-slice.ts'

export class LoggedUsers {
  readonly #hashes: number[] = []
  /** The record at which the first slice met the live shard. */
  #since: number | undefined

  /** Adds the users of a slice that has met the live shard. */
  add({ profiles, sequence }: RebuildSlice): void {
    this.#since ??= sequence
    for (const user of profiles.keys()) this.#hashes.push(hash53(user))
  }

  /**
   * Users with a stored profile that were neither added nor have come since. It yields those of one
   * page of the store at a time.
   */
  async *others(live: LiveShard, snapshots: SnapshotStore): AsyncIterable<Set<string>> {
    const logged = Float64Array.from(this.#hashes).sort()
    for await (const page of snapshots.users(live.shard)) {
      const others = new Set<string>()
      for (const user of page) {
        if (!includes(logged, hash53(user)) && !(await this.#isNew(live, user))) others.add(user)
      }
      yield others
      await nextTurn()
    }
  }

  /** True if the profile says that it came after the users were added. */
  async #isNew(live: LiveShard, user: string): Promise<boolean> {
    const sequence = await live.read(user, (profile) => profile.sequence).catch(() => undefined)
    return sequence !== undefined && sequence > (this.#since ?? 0) && sequence <= live.applied
  }
}

function includes(sorted: Float64Array, hash: number): boolean {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < hash) low = middle + 1
    else high = middle
  }
  return sorted[low] === hash
}
