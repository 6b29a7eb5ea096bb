// The user as conditions and payloads see it at one instant. One object serves all users of a
// shard, so that a look allocates nothing. Each feature is computed at most once per look.
import type { Definition } from '../definition/definition.ts'
import type { LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Action } from '../model/action.ts'
import type { EvaluationContext } from '../model/evaluation-context.ts'
import type { Value } from '../model/value.ts'
import { Section } from '../numbers/section.ts'
import type { Profile } from './profile.ts'

export class ProfileContext implements EvaluationContext {
  user = ''
  action: Action | undefined
  readonly #definition: Definition
  #profile!: Profile
  #standing!: LifecycleState
  #at = 0
  #look = 0
  /** Places from here on are those of derived features. */
  readonly #counted: number
  readonly #lookOf: number[]
  readonly #values: Value[]
  readonly #section = new Section()

  constructor(definition: Definition) {
    this.#definition = definition
    this.#counted = definition.features.length
    this.#lookOf = new Array<number>(this.#counted + definition.derived.length).fill(0)
    this.#values = new Array<Value>(this.#lookOf.length).fill(null)
  }

  /** Looks at the user as of `at` (epoch ms); windows end there. */
  look(
    user: string,
    profile: Profile,
    standing: LifecycleState,
    at: number,
    action: Action | undefined,
  ): void {
    this.user = user
    this.action = action
    this.#profile = profile
    this.#standing = standing
    this.#at = at
    this.#look++
  }

  get stage(): string | null {
    return this.#definition.lifecycle?.stages[this.#standing.stage] ?? null
  }

  get stageSince(): number {
    return this.#standing.stageSince
  }

  badges(): ReadonlyMap<string, number> {
    const { badges } = this.#standing
    const byName = new Map<string, number>()
    for (let at = 0; at < badges.length; at += 2) {
      byName.set(this.#definition.rules[badges[at]!]!.badge!, badges[at + 1]!)
    }
    return byName
  }

  feature(index: number): Value {
    if (this.#lookOf[index] !== this.#look) {
      const value =
        index < this.#counted
          ? this.#countedValue(index)
          : this.#definition.derived[index - this.#counted]!.evaluate(this)
      this.#values[index] = value
      this.#lookOf[index] = this.#look
    }
    return this.#values[index]!
  }

  #countedValue(index: number): Value {
    const { series, window, operator } = this.#definition.features[index]!
    const fromTile = this.#definition.calendar.windowStart(window, this.#at)
    return operator.value(this.#section.select(this.#profile, series), fromTile)
  }
}
