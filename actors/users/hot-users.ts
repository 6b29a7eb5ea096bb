// The router and its bound: the hot users of one shard, by name. It loads cold users from their
// snapshots and lets idle ones go. A user with unsaved changes or waiting messages stays.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { decodeProfile } from '../../src/profile/profile-codec.ts'
import type { Loaded, SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { HotUser, ShardContext } from './hot-user.ts'
import { createUser, startUser } from './user-actor.ts'

/** Share of the bound that one passivation frees, so that not every activation needs one. */
const PASSIVATE_SHARE = 1 / 16
/**
 * Share of the bound above which saved users go, if the store is in this process. To load one again
 * costs less than what many of them cost the garbage collector.
 */
const IDLE_SHARE = 1 / 4
/** Pause before the router tries again to load profiles. */
const RETRY_MS = 200

export class HotUsers {
  readonly #shard: number
  readonly #context: ShardContext
  readonly #snapshots: SnapshotStore
  readonly #hotUsersMax: () => number
  readonly #ended: AbortSignal
  /**
   * In the order in which passivation looks at them. A plain Map: nact copies maps of children per
   * message.
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
   * True if there are more users than the bound allows, or if they take more memory than that many
   * should. Users with unsaved changes must then be saved before they can go.
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
   * The users of these names, of which one may come several times. Starts the actors of those that
   * have none: one call loads their stored profiles.
   * @param failed called for each profile that could not be loaded
   */
  activate(names: readonly string[], failed: (error: unknown) => void): HotUser[] {
    const found = names.map((name) => this.#users.get(name))
    if (!found.includes(undefined)) return found as HotUser[]
    const cold = new Set(names.filter((_, index) => !found[index]))
    this.#start([...cold], failed)
    return names.map((name) => this.#users.get(name)!)
  }

  #start(cold: readonly string[], failed: (error: unknown) => void): void {
    const loading = this.#load(cold)
    // Each activation handles the failure itself.
    if (loading instanceof Promise) loading.catch(() => {})
    for (const [index, name] of cold.entries()) {
      this.#users.set(name, startUser(this.#context, name, { kind: 'activate', loading, index, failed }))
    }
  }

  #load(names: readonly string[]): Loaded | Promise<Loaded> {
    const loading = this.#snapshots.load(this.#shard, names, this.#context.epoch)
    return loading instanceof Promise ? this.#loadPatiently(names, loading) : loading
  }

  /** The shard stands still until the store is back; then applying goes on from the same record. */
  async #loadPatiently(names: readonly string[], first: Promise<Loaded>): Promise<Loaded> {
    for (let loading: Loaded | Promise<Loaded> = first; ; ) {
      try {
        return await loading
      } catch (error) {
        const passes = error instanceof PulseprintError && error.code === 'STORAGE_UNAVAILABLE'
        if (!passes || this.#ended.aborted) throw error
        await sleep(RETRY_MS, undefined, { ref: false })
      }
      loading = this.#snapshots.load(this.#shard, names, this.#context.epoch)
    }
  }

  /**
   * Gives the user this profile and makes the user hot. Call it only between two records.
   * @param savedWakeAt the user's entry in the index of the snapshot store, if any; Infinity: none
   */
  replace(name: string, profile: Profile, savedWakeAt: number): HotUser {
    const user = this.#users.get(name) ?? createUser(this.#context, name)
    user.profile = profile
    user.savedWakeAt = savedWakeAt
    this.#users.set(name, user)
    return user
  }

  /**
   * A cold user's profile as last saved. It is the newest, because a user goes cold only after it
   * was saved.
   */
  async loadCold(name: string): Promise<Profile | undefined> {
    const [bytes] = await this.#snapshots.load(this.#shard, [name], this.#context.epoch)
    return bytes && decodeProfile(this.#context.fold.definition, bytes)
  }

  /**
   * Lets idle users go until there is some room below the bound. A user that was active lately gets
   * a second chance.
   */
  passivate(): void {
    this.#passivateTo(1 - PASSIVATE_SHARE)
  }

  /** Call it after a save, when many users have no unsaved changes. */
  letIdleGo(): void {
    if (!this.#snapshots.isShared) this.#passivateTo(IDLE_SHARE)
  }

  #passivateTo(share: number): void {
    const target = Math.floor(this.#hotUsersMax() * share)
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
