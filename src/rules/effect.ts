// What applying an action or a tick sets off, besides the new profile: entries of streams.
import type { Value } from '../model/value.ts'

interface Origin {
  /** `shard.sequence.position.ordinal`: the same at every replay of the log. */
  readonly id: string
  readonly user: string
  /** Of the action in its record, or of the user in its tick. */
  readonly position: number
  /** Instant of the user's clock, epoch ms. */
  readonly at: number
  /** Id and name of the action that caused it; undefined if time did. */
  readonly actionId: string | undefined
  readonly action: string | undefined
}

export interface StageChange extends Origin {
  readonly kind: 'stage'
  readonly from: string
  readonly to: string
}

export interface Decision extends Origin {
  readonly kind: 'decision'
  readonly rule: string
  readonly payload: Value | undefined
  readonly badge: string | undefined
  /** Undefined if the rule only gives a badge. */
  readonly stream: string | undefined
}

/** An action whose guard did not hold when its turn came. */
export interface Refusal extends Origin {
  readonly kind: 'refusal'
  /** The guard, as the definition has it. */
  readonly guard: string
}

/** A decision that is not given, because the user is held out of the rule. */
export interface Holdout extends Origin {
  readonly kind: 'holdout'
  readonly rule: string
  readonly payload: Value | undefined
}

export type Effect = StageChange | Decision | Holdout | Refusal
