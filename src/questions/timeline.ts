// The question for a user's newest actions, page by page, in the order they were accepted.
import { LIMITS } from '../limits.ts'
import type { Action } from '../model/action.ts'
import { LIST, listOf } from '../profile/profile.ts'
import type { TimelineView } from '../views/views.ts'
import { readNewest } from './newest-actions.ts'
import { type AboutUser, type ShardQuestion, shardOfUser } from './question.ts'

export interface TimelineParameters extends AboutUser {
  action?: string
  /** Bounds of occurredAt, epoch ms; `to` is exclusive. */
  from?: number
  to?: number
  limit: number
  /** `sequence.position` of the last action of the page before. */
  cursor?: string
}

export const TIMELINE: ShardQuestion<TimelineParameters, TimelineView | undefined> = {
  scope: 'shard',
  name: 'timeline',
  shardOf: shardOfUser,
  waitMs: () => LIMITS.readWaitMs,
  async answer(shard, parameters) {
    const { user, limit, cursor } = parameters
    await shard.ready()
    const timeline = await shard.read(user, (profile) => listOf(shard.definition, profile, LIST.timeline))
    if (!timeline) return undefined
    const wanted = (action: Action) => isWanted(action, parameters)
    return { userId: user, ...(await readNewest(shard, timeline, limit, wanted, cursor)) }
  },
}

function isWanted(action: Action, { action: name, from, to }: TimelineParameters): boolean {
  return (
    (name === undefined || action.action === name) &&
    (from === undefined || action.occurredAt >= from) &&
    (to === undefined || action.occurredAt < to)
  )
}
