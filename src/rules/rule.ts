// A rule of the definition: what it waits for, and what it does each time it fires.

import type { Condition, Payload } from '../model/evaluation-context.ts'
import type { Window } from '../model/window.ts'

export type Trigger =
  /** Each accepted action of these names; undefined: any. */
  | { kind: 'action'; actions: ReadonlySet<string> | undefined }
  /** Each change into one of these stages (places in the lifecycle's stages); undefined: any. */
  | { kind: 'stage'; stages: ReadonlySet<number> | undefined }
  /** The moment its condition becomes true. */
  | { kind: 'condition' }

export interface Rule {
  readonly name: string
  /** Place in the definition's rules. */
  readonly index: number
  readonly trigger: Trigger
  /** Always there where the trigger is a condition. */
  readonly when: Condition | undefined
  /** Whom it is for: asked whenever it would fire. Undefined: everybody. */
  readonly audience: Condition | undefined
  /**
   * After it fired, it may fire again only once this has held. Undefined: once `when` has not held.
   * Only where the trigger is a condition.
   */
  readonly rearm: Condition | undefined
  /** Stream its decisions go to; undefined if it only gives a badge. */
  readonly stream: string | undefined
  readonly payload: Payload | undefined
  /** At most so many times within a window, for ever if that is `lifetime`. */
  readonly limit: { times: number; window: Window } | undefined
  /** Shortest time between two firings, 0 for none. */
  readonly cooldownMs: number
  /** It decides nothing before and from these instants of the user's clock on, epoch ms. */
  readonly from: number
  readonly until: number
  /** Share of users, 0 to 1, for whom it is decided but not given. */
  readonly holdout: number
  /** Of the rules of one group, what happens sets off only the first; undefined: no group. */
  readonly group: string | undefined
  /** Rules of a higher one come first; those of the same one in the order of the document. */
  readonly priority: number
  /** Badge it gives; undefined: none. */
  readonly badge: string | undefined
  /** How the rule was declared, for `explain`. */
  readonly declared: Record<string, unknown>
}

/** In the order in which they are tried. */
export function byPriority(rules: readonly Rule[]): Rule[] {
  return rules.toSorted((a, b) => b.priority - a.priority || a.index - b.index)
}

export function isOpen({ from, until }: Rule, at: number): boolean {
  return at >= from && at < until
}
