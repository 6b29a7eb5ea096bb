// An accepted action as subscribers of the stream `actions` get it.
import type { Action } from '../model/action.ts'
import { isoOf } from '../model/instant.ts'
import { ANONYMOUS_PREFIX } from '../model/user-id.ts'

/** @param place where the action stands in the log */
export function standardAction(
  action: Action,
  { shard, sequence }: { shard: number; sequence: number },
): object {
  const { id, user, anonymousId, action: name, occurredAt, object, channel, place, properties } = action
  const who = user.startsWith(ANONYMOUS_PREFIX)
    ? { anonymousId: user.slice(ANONYMOUS_PREFIX.length) }
    : { userId: user, anonymousId }
  const at = isoOf(occurredAt)
  return { id, ...who, action: name, occurredAt: at, object, channel, place, properties, shard, sequence }
}
