// Computes the profile of one user anew from the shard's log, because the stored one is damaged.
// The shard waits meanwhile: its next record needs the profile.
import { PulseprintError } from '../../src/errors.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import { hash53 } from '../../src/model/hash.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { foldLog } from './fold-log.ts'
import { RebuildSlice } from './rebuild-slice.ts'
import { logTrimmed } from './shard-rebuild.ts'

interface Shard {
  readonly shard: number
  readonly fold: Fold
  /** Last sequence that the profile should include. */
  readonly applied: number
}

/** Errors: LOG_TRIMMED, DATA_DAMAGED, NOT_READY if the shard ends meanwhile; those of the log. */
export async function recomputeProfile(
  { log, logger }: { log: ActionLog; logger: Logger },
  live: Shard,
  user: string,
  ended: AbortSignal,
): Promise<Profile> {
  const { shard, fold } = live
  logger.warn('a stored profile is damaged: it is computed anew from the log', { shard })
  const hash = hash53(user)
  const slice = new RebuildSlice(shard, new Fold(fold.definition), hash, hash + 1, Number.POSITIVE_INFINITY)
  await foldLog(log, live, slice, ended)
  // What was folded by then would be saved as if it were all.
  if (ended.aborted) throw new PulseprintError('NOT_READY', 'the shard is no longer run here')
  if ((await log.tail(shard)) > 1) throw logTrimmed(shard)
  return slice.profiles.get(user) ?? emptyProfile(fold.definition)
}
