// Stored profiles are valid for one definition. If it changes, they are dropped and the log is
// replayed from its start. The replay announces nothing that the new definition would have
// announced earlier.
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import { decodeHeader } from '../ingest/records.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SnapshotStore } from './snapshot-store.ts'

/** The last rebuild, as far as it concerns announcements. */
export interface Rebuild {
  /**
   * When the newest record of the log arrived, epoch ms: the engine had let time pass up to then.
   */
  until: number
  /** Head of each shard's log. */
  heads: number[]
}

const NONE: Rebuild = { until: 0, heads: [] }

/** Errors: STORE_MISMATCH if the log no longer reaches back to its start. */
export async function rebuildIfRedefined(
  { fingerprint }: Definition,
  shards: number,
  { log, snapshots }: { log: ActionLog; snapshots: SnapshotStore },
  logger: Logger,
): Promise<void> {
  const stored = await snapshots.fingerprint()
  if (stored !== undefined && parse(stored).fingerprint === fingerprint) return
  if (stored === undefined) return snapshots.reset(text(fingerprint, NONE))
  for (let shard = 0; shard < shards; shard++) {
    if ((await log.tail(shard)) <= 1) continue
    throw new PulseprintError(
      'STORE_MISMATCH',
      'the profiles were kept by another definition or an earlier version, and the log no longer reaches back to its start to rebuild them. Go on with that definition and version',
    )
  }
  logger.info('the definition or the form of profiles has changed: all profiles are rebuilt from the log')
  await snapshots.reset(text(fingerprint, await rebuildOfNow(shards, log)))
}

/**
 * The last rebuild of these snapshots. Errors: DEFINITION_MISMATCH if another definition has taken
 * them meanwhile.
 */
export async function lastRebuild(snapshots: SnapshotStore, { fingerprint }: Definition): Promise<Rebuild> {
  const stored = await snapshots.fingerprint()
  if (stored === undefined) return NONE
  const parsed = parse(stored)
  if (parsed.fingerprint === fingerprint) return parsed.rebuild
  throw new PulseprintError('DEFINITION_MISMATCH', 'the profiles are kept by another definition')
}

async function rebuildOfNow(shards: number, log: ActionLog): Promise<Rebuild> {
  const rebuild: Rebuild = { until: 0, heads: [] }
  for (let shard = 0; shard < shards; shard++) {
    const head = await log.head(shard)
    rebuild.heads.push(head)
    const newest = await log.get(shard, head)
    if (newest) rebuild.until = Math.max(rebuild.until, decodeHeader(newest.payload).receivedAt)
  }
  return rebuild
}

/** The store keeps one text: the fingerprint, followed by the rebuild. */
function text(fingerprint: string, rebuild: Rebuild): string {
  return `${fingerprint} ${JSON.stringify(rebuild)}`
}

function parse(stored: string): { fingerprint: string; rebuild: Rebuild } {
  const [fingerprint = '', rebuild] = stored.split(' ')
  return { fingerprint, rebuild: rebuild === undefined ? NONE : JSON.parse(rebuild) }
}
