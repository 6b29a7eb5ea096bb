// The order that makes a shard rebuild its profiles from its log, and the question for the state of
// that rebuild.
import { LIMITS } from '../limits.ts'
import type { RebuildView } from '../views/views.ts'
import type { ShardQuestion } from './question.ts'

export interface AboutShard {
  shard: number
}

/**
 * Begins a rebuild of the shard while it goes on. Errors: REBUILD_RUNNING, LOG_TRIMMED, NOT_READY.
 */
export const START_REBUILD: ShardQuestion<AboutShard, RebuildView> = {
  scope: 'shard',
  name: 'startRebuild',
  shardOf: ({ shard }) => shard,
  waitMs: () => LIMITS.readWaitMs,
  answer: (shard) => shard.rebuilds.start(),
}

/** The state of the present or last rebuild. Errors: NO_REBUILD. */
export const REBUILD: ShardQuestion<AboutShard, RebuildView> = {
  scope: 'shard',
  name: 'rebuild',
  shardOf: ({ shard }) => shard,
  waitMs: () => LIMITS.readWaitMs,
  answer: async (shard) => shard.rebuilds.view(),
}
