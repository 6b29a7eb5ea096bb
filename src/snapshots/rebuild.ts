// Stored profiles hold for one definition. When it changes, they are dropped and the log is replayed from its start.
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SnapshotStore } from './snapshot-store.ts'

/** Errors: STORE_MISMATCH where the log no longer reaches back to its start. */
export async function rebuildIfRedefined(
  definition: Definition,
  shards: number,
  { log, snapshots }: { log: ActionLog; snapshots: SnapshotStore },
  logger: Logger,
): Promise<void> {
  const stored = await snapshots.fingerprint()
  if (stored === definition.fingerprint) return
  if (stored !== undefined) {
    for (let shard = 0; shard < shards; shard++) {
      if ((await log.tail(shard)) <= 1) continue
      throw new PulseprintError(
        'STORE_MISMATCH',
        'the definition has changed, but the log no longer reaches back to its start to rebuild the profiles',
      )
    }
    logger.info('the definition has changed: all profiles are rebuilt from the log')
  }
  await snapshots.reset(definition.fingerprint)
}
