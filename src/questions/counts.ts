// The question for a user's actions per local day, over any span.
import { PulseprintError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { dayOfDate } from '../model/civil-date.ts'
import { readDayCounts } from '../profile/counts-view.ts'
import type { CountsView } from '../views/views.ts'
import { type AboutUser, type ShardQuestion, shardOfUser } from './question.ts'

/** `from` and `to` are inclusive local dates (YYYY-MM-DD). */
export interface CountsParameters extends AboutUser {
  action?: string
  from?: string
  to?: string
}

export const COUNTS: ShardQuestion<CountsParameters, CountsView | undefined> = {
  scope: 'shard',
  name: 'counts',
  shardOf: shardOfUser,
  waitMs: () => LIMITS.readWaitMs,
  async answer(shard, { user, action, from, to }) {
    const { definition } = shard
    const span = { ...dayBound('from', from), ...dayBound('to', to), ...(action !== undefined && { action }) }
    await shard.ready()
    const read = await shard.read(user, (profile) => readDayCounts(definition, profile, span))
    return read && { userId: user, action: action ?? null, timezone: definition.timezone, ...read }
  },
}

function dayBound(name: 'from' | 'to', date: string | undefined): { from?: number; to?: number } {
  if (date === undefined) return {}
  const day = dayOfDate(date)
  if (day === undefined) throw new PulseprintError('INVALID_REQUEST', `${name} must be a date, YYYY-MM-DD`)
  return { [name]: day }
}
