// What `when` and payloads see of a user. All evaluations reuse one context. Its getters read the
// present situation, so a feature is computed only if an expression names it.

import type { EvaluationContext } from '../../model/evaluation-context.ts'
import { ANONYMOUS_PREFIX } from '../../model/user-id.ts'
import { CelContext, hasHostileKey, withMaps } from '../cel-context.ts'

/** A feature as expressions know it: `timestamp` values are instants. */
export interface KnownFeature {
  name: string
  type: 'any' | 'timestamp'
}

export class UserContext extends CelContext {
  readonly features: object
  readonly profile: object
  #situation!: EvaluationContext
  /** True while values stand as Maps, see `showAsMaps`. */
  #asMaps = false

  constructor(features: readonly KnownFeature[]) {
    super()
    this.features = gettersOf(
      features.map(({ name, type }, index) => [name, () => this.#feature(index, type)] as const),
    )
    const stage = gettersOf([
      ['name', () => this.#situation.stage],
      ['since', () => new Date(this.#situation.stageSince)],
    ])
    this.profile = gettersOf([
      ['userId', () => this.userId],
      ['stage', () => stage],
      ['badges', () => this.#badges()],
    ])
  }

  showUser(situation: EvaluationContext, asMaps: boolean): this {
    this.#situation = situation
    this.#asMaps = asMaps
    const { action } = situation
    if (!action) return this
    return asMaps ? this.showAsMaps(action) : this.show(action)
  }

  get stage(): string | null {
    return this.#situation.stage
  }

  override get userId(): string | null {
    const { user } = this.#situation
    return user.startsWith(ANONYMOUS_PREFIX) ? null : user
  }

  #feature(index: number, type: KnownFeature['type']): unknown {
    const value = this.#situation.feature(index)
    if (type === 'timestamp' && typeof value === 'number') return new Date(value)
    return this.#asMaps ? withMaps(value) : value
  }

  #badges(): Map<string, Date> {
    return new Map([...this.#situation.badges()].map(([name, at]) => [name, new Date(at)]))
  }
}

/** True if a client's value could have misled the library. */
export function isHostile(situation: EvaluationContext, features: readonly number[]): boolean {
  if (situation.action && hasHostileKey(situation.action.properties)) return true
  return features.some((index) => hasHostileKey(situation.feature(index)))
}

/** Looks like a map to the library, and has no prototype that an expression could reach. */
function gettersOf(entries: readonly (readonly [string, () => unknown])[]): object {
  const map = Object.create(null)
  for (const [name, get] of entries) Object.defineProperty(map, name, { get, enumerable: true })
  return map
}
