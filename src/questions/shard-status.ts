// The question for the state of all shards. Owners answer for theirs; the stores answer for shards
// without an owner.
import type { ShardStatus } from '../views/views.ts'
import { headAndLag } from './log-head.ts'
import type { EveryShardQuestion } from './question.ts'

/**
 * Longer than an owner waits for its log. After that, the asking side looks into the log itself.
 */
const WAIT_MS = 600

/** Head and lag are null if the log does not answer in time. */
export const SHARD_STATUS: EveryShardQuestion<Record<never, never>, ShardStatus, ShardStatus[]> = {
  scope: 'every shard',
  name: 'shardStatus',
  waitMs: () => WAIT_MS,
  async answer({ shard, epoch, node, applied, committed, hotUsers, log, clock }) {
    const { head, lag } = await headAndLag(log, shard, applied, clock)
    return { shard, owner: node, epoch, head, applied, committed, lag, hotUsers }
  },
  /** Errors: STORAGE_UNAVAILABLE. */
  async unanswered({ shard, owner = 'none', epoch, log, clock, snapshots }) {
    const { epoch: savedEpoch, offset } = await snapshots.checkpoint(shard)
    const { head, lag } = await headAndLag(log, shard, offset, clock)
    return {
      shard,
      owner,
      epoch: epoch ?? savedEpoch,
      head,
      applied: offset,
      committed: offset,
      lag,
      hotUsers: 0,
    }
  },
  combine: (parts) => parts,
}
