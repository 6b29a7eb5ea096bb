// Answers a profile query from what was last saved, where the shard's owner does not answer: always labelled, with how old
// it is, and never older than the caller allows.
import type { Definition } from '../../src/definition/definition.ts'
import type { ProfileView, ReadOptions } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { shardOf } from '../../src/model/hash.ts'
import { isoOf } from '../../src/model/instant.ts'
import { Fold } from '../../src/profile/fold.ts'
import { decodeProfile } from '../../src/profile/profile-codec.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import { profileView } from '../reads/profile-reader.ts'

export class SnapshotReader {
  readonly #definition: Definition
  readonly #shards: number
  readonly #snapshots: SnapshotStore
  readonly #clock: Clock
  readonly #fold: Fold

  constructor(definition: Definition, shards: number, snapshots: SnapshotStore, clock: Clock) {
    this.#definition = definition
    this.#shards = shards
    this.#snapshots = snapshots
    this.#clock = clock
    this.#fold = new Fold(definition)
  }

  /**
   * @param reason why the owner does not answer, for the error where no snapshot may
   * Errors: OWNER_UNREACHABLE where there is nothing saved of the user; TOO_STALE; NOT_YET_APPLIED for `minSequence`.
   */
  async profile(user: string, options: ReadOptions, reason: string): Promise<ProfileView> {
    const { minSequence = 0, maxStalenessMs = LIMITS.stalenessMaxMs } = options
    // However young it seems: the owner's clock may be ahead.
    if (maxStalenessMs === 0) throw new PulseprintError('TOO_STALE', `${reason}, and no snapshot is allowed`)
    const shard = shardOf(user, this.#shards)
    const now = this.#clock.now()
    // First: what is saved between the two calls is then newer than stated, not older.
    const { epoch, offset, savedAt } = await this.#snapshots.checkpoint(shard)
    const [bytes] = await this.#snapshots.load(shard, [user])
    // Whether nobody has the user, or only the owner yet, cannot be told.
    if (!bytes || savedAt === undefined) throw new PulseprintError('OWNER_UNREACHABLE', reason)
    if (offset < minSequence) {
      const message = `${reason}, and the snapshot covers sequence ${offset} only`
      throw new PulseprintError('NOT_YET_APPLIED', message)
    }
    const age = Math.max(0, now - savedAt)
    if (age > maxStalenessMs) {
      const message = `${reason}, and the snapshot is ${age} ms old; ${maxStalenessMs} ms are allowed`
      throw new PulseprintError('TOO_STALE', message)
    }
    const view = profileView(
      this.#definition,
      this.#fold,
      user,
      options,
      now,
    )(decodeProfile(this.#definition, bytes))
    const asOf = { shard, epoch, sequence: offset, at: isoOf(savedAt) }
    return { userId: user, ...view, asOf, source: 'snapshot' }
  }
}
