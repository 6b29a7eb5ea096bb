// The fold: it applies log records to profiles. It reads no clock and no randomness, so the same
// log gives the same profiles, byte for byte, and the same effects.
import type { Definition } from '../definition/definition.ts'
import { OUTCOME, type Outcome } from '../ingest/batch.ts'
import { copyOf, dueAt, emptyLifecycleState, type LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Action } from '../model/action.ts'
import type { Condition } from '../model/evaluation-context.ts'
import { hash53 } from '../model/hash.ts'
import type { Effect, Refusal } from '../rules/effect.ts'
import { count, refusalOf } from './apply.ts'
import { hasStanding, type Profile } from './profile.ts'
import { ProfileContext } from './profile-context.ts'
import { type Place, Reaction } from './rule-engine.ts'

const NO_STANDING = emptyLifecycleState()
const NOWHERE: Place = { shard: 0, sequence: 0, position: 0 }

export class Fold {
  readonly definition: Definition
  readonly #reaction: Reaction | undefined
  /** Undefined if there are none. */
  readonly #guards: Definition['guards'] | undefined
  readonly #situation: ProfileContext

  constructor(definition: Definition) {
    this.definition = definition
    this.#reaction = hasStanding(definition) ? new Reaction(definition) : undefined
    this.#guards = definition.guards.size > 0 ? definition.guards : undefined
    this.#situation = new ProfileContext(definition)
  }

  /**
   * Changes the profile by one action and says what became of it.
   * @param place the action in the log
   * @param receivedAt when its record arrived, epoch ms
   * @param effects receives what the action sets off
   */
  apply(profile: Profile, action: Action, place: Place, receivedAt: number, effects: Effect[]): Outcome {
    const { definition } = this
    const idHash = hash53(action.id)
    const refusal = refusalOf(definition, profile, action, idHash, receivedAt)
    if (refusal !== undefined) return refusal
    const { standing } = profile
    const guard = this.#guards?.get(action.action)
    if (guard && !this.#allows(guard, profile, action)) {
      effects.push(refusedBy(guard, action, place))
      return OUTCOME.refused
    }
    const reaction = this.#reaction
    const { sequence, position } = place
    if (!standing || !reaction) {
      count(definition, profile, action, idHash, receivedAt, sequence, position)
      return OUTCOME.accepted
    }
    const isLate = action.occurredAt < standing.clock
    const at = isLate ? standing.clock : action.occurredAt
    reaction.begin(place, effects)
    reaction.fireDue(action.user, profile, standing, at)
    count(definition, profile, action, idHash, receivedAt, sequence, position)
    reaction.react(profile, standing, action, at, isLate)
    standing.wakeAt = this.#wakeAt(standing, receivedAt)
    return OUTCOME.accepted
  }

  /**
   * Fires the user's timers that are due at `at`, a tick's time. False if the tick does not concern
   * the user.
   */
  tick(user: string, profile: Profile, place: Place, at: number, effects: Effect[]): boolean {
    const { standing } = profile
    // More of the user's history came in before the tick did.
    if (!standing || !this.#reaction || standing.wakeAt > at) return false
    this.#reaction.begin(place, effects)
    this.#reaction.fireDue(user, profile, standing, at)
    standing.wakeAt = dueAt(standing)
    return true
  }

  /** The user's state at `at`, with everything that is due by then. Changes nothing. */
  standingAt(user: string, profile: Profile, at: number): LifecycleState | undefined {
    const { standing } = profile
    if (!standing || !this.#reaction || dueAt(standing) > at) return standing
    const then = copyOf(standing)
    this.#reaction.begin(NOWHERE, [])
    this.#reaction.fireDue(user, profile, then, at)
    return then
  }

  /** Looks at the user as of the action, with everything that is due by then. Changes nothing. */
  #allows(guard: Condition, profile: Profile, action: Action): boolean {
    const at = Math.max(action.occurredAt, profile.newestAt, profile.standing?.clock ?? 0)
    const standing = this.standingAt(action.user, profile, at) ?? NO_STANDING
    this.#situation.look(action.user, profile, standing, at, action)
    return guard.holds(this.#situation)
  }

  /**
   * If something was due before the action even arrived, it is history, and more of it is likely on
   * its way.
   */
  #wakeAt(standing: LifecycleState, receivedAt: number): number {
    const due = dueAt(standing)
    return due > receivedAt ? due : receivedAt + this.definition.historyWaitMs
  }
}

/** Nothing else comes of a refused action, so its id is the first of its place. */
function refusedBy({ source }: Condition, action: Action, place: Place): Refusal {
  const { shard, sequence, position } = place
  const { id, user, action: name, occurredAt } = action
  return {
    kind: 'refusal',
    id: `${shard}.${sequence}.${position}.0`,
    user,
    position,
    at: occurredAt,
    actionId: id,
    action: name,
    guard: source,
  }
}
