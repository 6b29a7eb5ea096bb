// The fold: it applies log records to profiles. It reads no clock and no randomness, so the same
// log gives the same profiles, byte for byte, and the same effects.
import type { Definition } from '../definition/definition.ts'
import { OUTCOME, type Outcome } from '../ingest/batch.ts'
import { copyOf, dueAt, type LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Action } from '../model/action.ts'
import { hash53 } from '../model/hash.ts'
import type { Effect } from '../rules/effect.ts'
import { count, refusalOf } from './apply.ts'
import { hasStanding, type Profile } from './profile.ts'
import { type Place, Reaction } from './rule-engine.ts'

const NOWHERE: Place = { shard: 0, sequence: 0, position: 0 }

export class Fold {
  readonly definition: Definition
  readonly #reaction: Reaction | undefined

  constructor(definition: Definition) {
    this.definition = definition
    this.#reaction = hasStanding(definition) ? new Reaction(definition) : undefined
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

  /**
   * If something was due before the action even arrived, it is history, and more of it is likely on
   * its way.
   */
  #wakeAt(standing: LifecycleState, receivedAt: number): number {
    const due = dueAt(standing)
    return due > receivedAt ? due : receivedAt + this.definition.historyWaitMs
  }
}
