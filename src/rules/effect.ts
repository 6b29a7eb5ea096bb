// What applying an action or a tick sets off, besides the new profile: entries of streams.
import type { Value } from '../definition/definition.ts'

export interface StageChange {
  readonly kind: 'stage'
  /** `shard.sequence.position.ordinal`: the same at every replay of the log. */
  readonly id: string
  readonly from: string
  readonly to: string
  /** Epoch ms. */
  readonly at: number
  /** The action that caused it; undefined where time did. */
  readonly actionId: string | undefined
}

export interface Decision {
  readonly kind: 'decision'
  /** As that of a stage change. */
  readonly id: string
  readonly rule: string
  readonly at: number
  readonly actionId: string | undefined
  readonly payload: Value | undefined
  readonly badge: string | undefined
  /** Undefined where the rule only gives a badge. */
  readonly stream: string | undefined
}

export type Effect = StageChange | Decision
