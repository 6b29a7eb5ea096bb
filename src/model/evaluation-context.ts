// What conditions and payloads see: the user at one instant, and the action at hand if there is
// one.

import type { Action } from './action.ts'
import type { Value } from './value.ts'

export interface EvaluationContext {
  /** Profile key of the user. */
  readonly user: string
  /** Undefined if time alone moved something. */
  readonly action: Action | undefined
  /** Name of the user's stage; null without a lifecycle. */
  readonly stage: string | null
  /** When the stage was entered, epoch ms. */
  readonly stageSince: number
  /** Badges by name, with the instant each was given, epoch ms. */
  badges(): ReadonlyMap<string, number>
  /**
   * Value of a feature by its place in the definition's features, and behind those in its derived
   * ones; instants as epoch ms; null if it has none.
   */
  feature(index: number): Value
}

/** A compiled `when`. */
export interface Condition {
  readonly source: string
  /** True only if the expression is `true`: a missing value is not. Never throws. */
  holds(situation: EvaluationContext): boolean
  /**
   * The features it reads, also by way of derived ones, as places in the definition's features.
   */
  readonly features: readonly number[]
  /** The derived features it reads, likewise, as places in the definition's derived features. */
  readonly derived: readonly number[]
  readonly readsStage: boolean
  /** Whether it reads the action at hand, so that nothing can be said without one. */
  readonly readsAction: boolean
}

/** A compiled payload: JSON whose texts are CEL. */
export interface Payload {
  /** Never throws; what has no value becomes null. */
  evaluate(situation: EvaluationContext): Value
}
