// Part of a shard's users, computed anew from the log in memory: those whose hash lies in a range.
// If they become too many, the range is halved, and a later slice takes the upper half.
import { decodeActions, decodeHeader, decodeTick } from '../../src/ingest/records.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import { hash53 } from '../../src/model/hash.ts'
import type { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'

/** One above the highest hash of a user. */
export const HASH_END = 2 ** 53

export class RebuildSlice {
  /** By user, each in its state after the record `sequence`. */
  readonly profiles = new Map<string, Profile>()
  /** Last record that was folded. */
  sequence = 0
  readonly from: number
  #to: number
  readonly #shard: number
  readonly #fold: Fold
  readonly #usersMax: number
  #admits = true

  /**
   * @param from lowest hash
   * @param to one above the highest hash
   */
  constructor(shard: number, fold: Fold, from: number, to: number, usersMax: number) {
    this.#shard = shard
    this.#fold = fold
    this.from = from
    this.#to = to
    this.#usersMax = usersMax
  }

  get to(): number {
    return this.#to
  }

  /** From now on, the slice takes no users that are not in it yet. */
  close(): void {
    this.#admits = false
  }

  /**
   * Folds the next record of the log. It drops the effects, because they were published when the
   * record was applied.
   */
  fold({ sequence, payload }: LogRecord): void {
    const { kind, receivedAt } = decodeHeader(payload)
    if (kind === 'tick') this.#tick(sequence, receivedAt, decodeTick(payload))
    else this.#apply(sequence, receivedAt, payload)
    this.sequence = sequence
  }

  #apply(sequence: number, receivedAt: number, payload: Buffer): void {
    const shard = this.#shard
    for (const [position, action] of decodeActions(payload).entries()) {
      const profile = this.profiles.get(action.user) ?? this.#admit(action.user)
      if (!profile) continue
      this.#fold.apply(profile, action, { shard, sequence, position }, receivedAt, [])
      profile.sequence = sequence
    }
  }

  #tick(sequence: number, receivedAt: number, users: readonly string[]): void {
    const shard = this.#shard
    for (const [position, user] of users.entries()) {
      const profile = this.profiles.get(user)
      if (!profile) continue
      const changed = this.#fold.tick(user, profile, { shard, sequence, position }, receivedAt, [])
      if (changed) profile.sequence = sequence
    }
  }

  /**
   * The profile of a user that the slice sees for the first time; undefined if another slice has
   * the user.
   */
  #admit(user: string): Profile | undefined {
    if (!this.#admits || !this.#covers(user)) return undefined
    if (this.profiles.size >= this.#usersMax) {
      this.#halve()
      return this.#admit(user)
    }
    const profile = emptyProfile(this.#fold.definition)
    this.profiles.set(user, profile)
    return profile
  }

  #covers(user: string): boolean {
    const hash = hash53(user)
    return hash >= this.from && hash < this.#to
  }

  #halve(): void {
    this.#to = this.from + Math.ceil((this.#to - this.from) / 2)
    for (const user of this.profiles.keys()) if (!this.#covers(user)) this.profiles.delete(user)
  }
}
