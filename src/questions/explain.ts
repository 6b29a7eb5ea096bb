// The question that explains a feature or a rule: its value or state, its tiles, and the newest
// actions behind it.
import { PulseprintError } from '../errors.ts'
import type { LifecycleState } from '../lifecycle/lifecycle-state.ts'
import { LIMITS } from '../limits.ts'
import { isoOf } from '../model/instant.ts'
import { LIST, listOf } from '../profile/profile.ts'
import { readInstant } from '../profile/read.ts'
import type { ExplainView } from '../views/views.ts'
import { explained } from './explained.ts'
import { readNewest } from './newest-actions.ts'
import { asOfNow } from './profile.ts'
import { type AboutUser, type ShardQuestion, shardOfUser } from './question.ts'

/** Actions shown behind an explained feature or rule. */
const ACTIONS_MAX = 10

export interface ExplainParameters extends AboutUser {
  /** The name of the feature or rule. Errors: UNKNOWN_FEATURE. */
  name: string
  /** As for a profile. */
  at?: number
}

export const EXPLAIN: ShardQuestion<ExplainParameters, ExplainView | undefined> = {
  scope: 'shard',
  name: 'explain',
  shardOf: shardOfUser,
  waitMs: () => LIMITS.readWaitMs,
  async answer(shard, { user, name, at }) {
    const { definition, fold } = shard
    const subject = explained(definition, name)
    await shard.ready()
    const now = shard.clock.now()
    const asOf = asOfNow(shard, now)
    const read = await shard.read(user, (profile) => {
      const instant = readInstant(profile, at, now)
      const standing = fold.standingAt(user, profile, instant)
      if (subject.isRule) checkNotBefore(standing, instant)
      const timeline = listOf(definition, profile, LIST.timeline)
      return { ...subject.explain(user, profile, standing, instant), timeline }
    })
    if (!read) return undefined
    const { view, counts, timeline } = read
    const { actions } = await readNewest(shard, timeline, ACTIONS_MAX, counts)
    const version = { fingerprint: definition.fingerprint, declared: subject.declared }
    return { userId: user, name, definition: version, ...view, actions, asOf }
  },
}

/**
 * A profile shows what time did to the user after the instant, but not the state before. Errors:
 * AT_TOO_EARLY.
 */
function checkNotBefore(standing: LifecycleState | undefined, at: number): void {
  if (!standing || standing.clock <= at) return
  const clock = isoOf(standing.clock)
  throw new PulseprintError(
    'AT_TOO_EARLY',
    `the user's stage and rules are known from ${clock} on; ask for that instant or later`,
  )
}
