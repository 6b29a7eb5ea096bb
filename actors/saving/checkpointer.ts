// Saves changed profiles of one shard in the background, and then the offset they cover. Profiles
// that lie together in the store are saved together. Each profile carries the sequence it was saved
// at.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Definition } from '../../src/definition/definition.ts'
import { encodeProfile } from '../../src/profile/profile-codec.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { settled } from '../../src/runtime/settled.ts'
import type { SnapshotStore, StoredProfile } from '../../src/snapshots/snapshot-store.ts'
import type { Publisher } from '../publishing/publisher.ts'
import { type HotUser, weigh } from '../users/hot-user.ts'

/** How long profiles are encoded before requests have their turn. */
const TURN_MS = 1
/** A commit costs a flush, and a commit of many profiles keeps requests waiting. */
const COMMIT_PROFILES_MAX = 1_000

export interface CheckpointerDeps {
  definition: Definition
  snapshots: SnapshotStore
  publisher: Publisher
  clock: Clock
}

export class Checkpointer {
  readonly #shard: number
  readonly #epoch: number
  readonly #definition: Definition
  readonly #snapshots: SnapshotStore
  readonly #publisher: Publisher
  readonly #clock: Clock
  readonly #recordDone: () => Promise<void>
  #changed = new Set<HotUser>()
  #beingSaved: readonly HotUser[] = []
  #running: Promise<void> | undefined
  /** Actions applied and not yet covered by the saved offset. */
  uncommittedActions = 0
  /** When the last record that was applied here had arrived, epoch ms. */
  #receivedAt = 0
  /** Sequence up to which every profile is saved. */
  committed: number

  /**
   * @param committed sequence up to which everything is saved
   * @param recordDone settles when the present record is applied to all of its users and its
   * effects are handed to the publisher
   */
  constructor(
    { shard, epoch, committed }: { shard: number; epoch: number; committed: number },
    { definition, snapshots, publisher, clock }: CheckpointerDeps,
    recordDone: () => Promise<void>,
  ) {
    this.#recordDone = recordDone
    this.#clock = clock
    this.#shard = shard
    this.#epoch = epoch
    this.#definition = definition
    this.#snapshots = snapshots
    this.#publisher = publisher
    this.committed = committed
  }

  /** Counts a record that was applied. `received` is when it arrived, epoch ms. */
  applied(receivedAt: number, actions: number): void {
    this.#receivedAt = receivedAt
    this.uncommittedActions += actions
  }

  markChanged(user: HotUser): void {
    if (user.dirty) return
    user.dirty = true
    this.#changed.add(user)
  }

  /** Users with changes that the store may not have yet. */
  *unsaved(): Iterable<HotUser> {
    yield* this.#changed
    yield* this.#beingSaved
  }

  /**
   * Saves every change made up to `applied`, the last record that was applied. Only one save runs
   * at a time; a call meanwhile waits for the running one. Errors: FENCED, STORAGE_UNAVAILABLE; the
   * changes then stay marked.
   * @param isReplaying whether records of an earlier owner are still to be applied
   */
  checkpoint(applied: number, isReplaying: boolean): Promise<void> {
    this.#running ??= this.#save(applied, isReplaying).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #save(applied: number, isReplaying: boolean): Promise<void> {
    const isSame = applied === this.committed && this.#changed.size === 0
    if (isSame && (isReplaying || !this.#snapshots.isShared)) return
    const now = this.#clock.now()
    // During a replay, the profiles lack what is newer than the last record applied.
    const savedAt = isReplaying ? Math.min(now, this.#receivedAt) : now
    const changed = [...this.#changed]
    const covered = this.uncommittedActions
    this.#changed = new Set()
    this.#beingSaved = changed
    try {
      const commits: Promise<void>[] = []
      // In the order of the store's keys, so that each of its pages is written once.
      const sorted = changed.toSorted(byName)
      for (let at = 0; at < sorted.length; at += COMMIT_PROFILES_MAX) {
        const users = sorted.slice(at, at + COMMIT_PROFILES_MAX)
        const commit = this.#commit(users, await this.#encode(users))
        // It may fail long before anyone awaits it.
        commit.catch(() => {})
        commits.push(commit)
      }
      await settled(commits)
      if (!isReplaying || applied !== this.committed) {
        await this.#snapshots.commit(this.#shard, {
          epoch: this.#epoch,
          offset: applied,
          savedAt,
          profiles: [],
        })
      }
      this.committed = applied
      this.uncommittedActions -= covered
    } catch (error) {
      for (const user of changed) {
        user.dirty = true
        this.#changed.add(user)
      }
      throw error
    } finally {
      for (const user of changed) user.saving = false
      this.#beingSaved = []
    }
  }

  async #encode(users: readonly HotUser[]): Promise<StoredProfile[]> {
    const profiles: StoredProfile[] = []
    let turnBegan = performance.now()
    for (const user of users) {
      if (performance.now() - turnBegan > TURN_MS) {
        await nextTurn()
        turnBegan = performance.now()
      }
      profiles.push(this.#encodeUser(user))
    }
    await nextTurn()
    return profiles
  }

  #encodeUser(user: HotUser): StoredProfile {
    const { name, profile, savedWakeAt: wakeBefore } = user
    if (!profile) throw new Error('a profile that was changed has been lost')
    user.saving = true
    user.dirty = false
    const wakeAt = profile.standing?.wakeAt ?? Number.POSITIVE_INFINITY
    const bytes = encodeProfile(this.#definition, profile)
    weigh(user)
    return { user: name, bytes, wakeAt, wakeBefore }
  }

  async #commit(users: readonly HotUser[], profiles: readonly StoredProfile[]): Promise<void> {
    // A profile skips records that it has seen, so a replay would not publish their effects again.
    // That includes the present record, which other users have yet to see.
    await this.#recordDone()
    await this.#publisher.flush()
    await this.#snapshots.commit(this.#shard, { epoch: this.#epoch, profiles })
    for (const [index, user] of users.entries()) user.savedWakeAt = profiles[index]!.wakeAt
  }
}

function byName(left: HotUser, right: HotUser): number {
  return left.name < right.name ? -1 : 1
}
