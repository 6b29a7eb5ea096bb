// The question for one profile: its features, stage and badges, as of an instant. A labelled
// snapshot may answer it.
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isoOf } from '../model/instant.ts'
import type { Fold } from '../profile/fold.ts'
import { readLifecycleState } from '../profile/lifecycle-state-view.ts'
import type { Profile } from '../profile/profile.ts'
import { decodeProfile } from '../profile/profile-codec.ts'
import { readFeatures, readInstant, selectFeatures } from '../profile/read.ts'
import type { ProfileView } from '../views/views.ts'
import { type AboutUser, type SavedShard, type ShardQuestion, shardOfUser } from './question.ts'
import type { ShardView } from './shard-view.ts'

export interface ProfileParameters extends AboutUser {
  /**
   * Evaluate windows as of this instant (epoch ms). Before the user's newest action: AT_TOO_EARLY.
   * Default: now.
   */
  at?: number
  /** Names of the features wanted; default all. An unknown name: UNKNOWN_FEATURE. */
  fields?: readonly string[]
  /**
   * Answer only when the user's shard has applied its log up to here (read your writes);
   * NOT_YET_APPLIED after a bounded wait.
   */
  minSequence?: number
  /** Oldest labelled snapshot that may answer, milliseconds. */
  maxStalenessMs?: number
}

export const PROFILE: ShardQuestion<ProfileParameters, ProfileView | undefined> = {
  scope: 'shard',
  name: 'profile',
  shardOf: shardOfUser,
  // A caller that reads its own writes waits for them, as on one node.
  waitMs: ({ minSequence }) => LIMITS.ownerReadWaitMs + (minSequence === undefined ? 0 : LIMITS.readWaitMs),
  answer,
  fromSnapshot,
}

async function answer(shard: ShardView, parameters: ProfileParameters): Promise<ProfileView | undefined> {
  await shard.ready(parameters.minSequence)
  const now = shard.clock.now()
  // `asOf` is taken before the read, because the shard goes on while a cold profile loads.
  const asOf = asOfNow(shard, now)
  const read = await shard.read(parameters.user, viewOf(shard, parameters, now))
  return read && { userId: parameters.user, ...read, asOf, source: 'live' }
}

/**
 * Errors: OWNER_UNREACHABLE if no profile of the user is saved; TOO_STALE; NOT_YET_APPLIED for
 * `minSequence`.
 */
async function fromSnapshot(
  saved: SavedShard,
  parameters: ProfileParameters,
  reason: string,
): Promise<ProfileView> {
  const { shard, snapshots, clock, definition } = saved
  const { user, minSequence = 0, maxStalenessMs = LIMITS.stalenessMaxMs } = parameters
  // A snapshot is refused here however young it seems, because the owner's clock may be ahead.
  if (maxStalenessMs === 0) throw new PulseprintError('TOO_STALE', `${reason}, and no snapshot is allowed`)
  const now = clock.now()
  // The state is read first. If a save comes between the two calls, the profile is newer than
  // stated, not older.
  const { epoch, offset, savedAt } = await snapshots.checkpoint(shard)
  const [bytes] = await snapshots.load(shard, [user])
  // Nobody can tell whether the user is unknown, or known only to the owner.
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
  const view = viewOf(saved, parameters, now)(decodeProfile(definition, bytes))
  const asOf = { shard, epoch, sequence: offset, at: isoOf(savedAt) }
  return { userId: user, ...view, asOf, source: 'snapshot' }
}

/**
 * The part of a profile that a reader sees. Errors: UNKNOWN_FEATURE; AT_TOO_EARLY when it is
 * applied.
 */
function viewOf(
  { definition, fold }: { definition: Definition; fold: Fold },
  { user, at, fields }: ProfileParameters,
  now: number,
) {
  const wanted = selectFeatures(definition, fields)
  return (profile: Profile) => {
    const instant = readInstant(profile, at, now)
    const standing = fold.standingAt(user, profile, instant)
    return {
      ...readFeatures(definition, profile, wanted, instant),
      ...readLifecycleState(definition, standing, instant),
    }
  }
}

/** How current an owner's answer is. */
export function asOfNow({ shard, epoch, applied }: ShardView, now: number): ProfileView['asOf'] {
  return { shard, epoch, sequence: applied, at: isoOf(now) }
}
