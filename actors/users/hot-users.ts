// The router and its bound: the hot users of one shard, by name. It brings cold users in from their
// snapshots and lets idle ones go again; a user with unsaved changes or waiting messages stays.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { decodeProfile } from '../../src/profile/profile-codec.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { HotUser, ShardContext } from './hot-user.ts'
import { createUser, startUser } from './user-actor.ts'

/**
 * Share of the bound that one passivation frees, so that not every activation has to look for room.
 */
const PASSIVATE_SHARE = 1 / 16
/** Pause before profiles that could not be loaded are asked for again. */
const RETRY_MS = 200

export class HotUsers {
  readonly #shard: number
  readonly #context: ShardContext
  readonly #snapshots: SnapshotStore
  readonly #hotUsersMax: () => number
  readonly #ended: AbortSignal
  /**
   * In the order passivation looks at them. A plain Map of references: nact copies children maps
   * per message.
   */
  readonly #users = new Map<string, HotUser>()

  /** @param ended aborts when the shard ends: then nobody waits any more */
  constructor(
    shard: number,
    context: ShardContext,
    snapshots: SnapshotStore,
    hotUsersMax: () => number,
    ended: AbortSignal,
  ) {
    this.#ended = ended
    this.#shard = shard
    this.#context = context
    this.#snapshots = snapshots
    this.#hotUsersMax = hotUsersMax
  }

  get size(): number {
    return this.#users.size
  }

  /**
   * True when there are more users than the bound allows, or they take more memory than so many
   * should: unsaved ones must be saved before they can go.
   */
  get full(): boolean {
    return this.#isOver(this.#hotUsersMax())
  }

  #isOver(users: number): boolean {
    return this.#users.size > users || this.#context.memory.bytes > users * LIMITS.hotUserBytes
  }

  get(name: string): HotUser | undefined {
    return this.#users.get(name)
  }

  /**
   * Starts the actors of those users that have none; their stored profiles are loaded with one
   * call.
   * @param failed called for each profile that could not be loaded
   */
  activate(names: Iterable<string>, failed: (error: unknown) => void): void {
    const cold: string[] = []
    for (const name of names) if (!this.#users.has(name)) cold.push(name)
    if (cold.length === 0) return
    const loading = this.#loadPatiently(cold)
    // Each activation hears of a failure; nobody else has to.
    loading.catch(() => {})
    for (const [index, name] of cold.entries()) {
      const activation = { kind: 'activate', loading, index, failed } as const
      this.#users.set(name, startUser(this.#context, name, activation))
    }
  }

  /** The shard stands still until the store is back; then applying goes on from the same record. */
  async #loadPatiently(names: readonly string[]): Promise<(Buffer | undefined)[]> {
    for (;;) {
      try {
        return await this.#snapshots.load(this.#shard, names, this.#context.epoch)
      } catch (error) {
        const passes = error instanceof PulseprintError && error.code === 'STORAGE_UNAVAILABLE'
        if (!passes || this.#ended.aborted) throw error
        await sleep(RETRY_MS, undefined, { ref: false })
      }
    }
  }

  /**
   * Gives the user this profile, hot from now on. Only between two records.
   * @param savedWakeAt what the index of the snapshot store may hold for the user; Infinity:
   * nothing
   */
  replace(name: string, profile: Profile, savedWakeAt: number): HotUser {
    const user = this.#users.get(name) ?? createUser(this.#context, name)
    user.profile = profile
    user.savedWakeAt = savedWakeAt
    this.#users.set(name, user)
    return user
  }

  /**
   * A cold user's profile as last saved, which is its newest: a user goes cold only after it was
   * saved.
   */
  async loadCold(name: string): Promise<Profile | undefined> {
    const [bytes] = await this.#snapshots.load(this.#shard, [name], this.#context.epoch)
    return bytes && decodeProfile(this.#context.fold.definition, bytes)
  }

  /**
   * Lets idle users go until there is some room below the bound, giving each one used lately a
   * second chance.
   */
  passivate(): void {
    const target = Math.floor(this.#hotUsersMax() * (1 - PASSIVATE_SHARE))
    let looks = this.#users.size * 2
    for (const [name, user] of this.#users) {
      if (!this.#isOver(target) || looks-- <= 0) return
      this.#users.delete(name)
      if (user.dirty || user.saving || user.pending > 0 || user.used) {
        user.used = false
        this.#users.set(name, user)
      } else this.#context.memory.bytes -= user.weight
    }
  }
}
