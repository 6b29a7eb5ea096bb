// The order to a shard to rebuild its profiles from its log, and the question how that goes.
import { LIMITS } from '../limits.ts'
import type { RebuildView } from '../views/views.ts'
import type { ShardQuestion } from './question.ts'

export interface AboutShard {
  shard: number
}

/**
 * Begins to rebuild the shard while it goes on. Errors: REBUILD_RUNNING; LOG_TRIMMED; NOT_READY.
 */
export const START_REBUILD: ShardQuestion<AboutShard, RebuildView> = {
  scope: 'shard',
  name: 'startRebuild',
  shardOf: ({ shard }) => shard,
  waitMs: () => LIMITS.readWaitMs,
  answer: (shard) => shard.rebuilds.start(),
}

/** How it goes, or how the last one went. Errors: NO_REBUILD. */
export const REBUILD: ShardQuestion<AboutShard, RebuildView> = {
  scope: 'shard',
  name: 'rebuild',
  shardOf: ({ shard }) => shard,
  waitMs: () => LIMITS.readWaitMs,
  answer: async (shard) => shard.rebuilds.view(),
}
