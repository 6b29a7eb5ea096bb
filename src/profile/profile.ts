// The profile: everything the fold keeps about one user. Plain data in few objects, because a node
// holds hundreds of thousands of them.
import type { Definition } from '../definition/definition.ts'
import { emptyLifecycleState, type LifecycleState } from '../lifecycle/lifecycle-state.ts'

export interface Profile {
  /**
   * Last record of the shard's log that was applied to this user. The user has seen everything
   * before it.
   */
  sequence: number
  /**
   * Newest occurredAt seen, epoch ms. Windows are read at or after it, and it decides which tiles
   * are dropped.
   */
  newestAt: number
  /** State of each series, in the definition's order. */
  states: unknown[]
  remembered: Remembered
  /** The newest actions: pairs of (record sequence, position in the record), oldest first. */
  timeline: number[]
  counts: DayCounts
  /** Undefined if the definition has neither lifecycle nor rules. */
  standing: LifecycleState | undefined
}

/** Idempotency ids: pairs of (hash of the id, receivedAt in seconds), oldest first. */
export type Remembered = number[]

/**
 * Actions per local day and name: triples of (day tile, index into `names`, count), by day, then by
 * name index.
 */
export interface DayCounts {
  names: string[]
  entries: number[]
}

export function emptyProfile(definition: Definition): Profile {
  return {
    sequence: 0,
    newestAt: 0,
    states: definition.series.map(({ operator }) => operator.empty()),
    remembered: [],
    timeline: [],
    counts: { names: [], entries: [] },
    standing: hasStanding(definition) ? emptyLifecycleState() : undefined,
  }
}

export function hasStanding({ lifecycle, rules }: Definition): boolean {
  return lifecycle !== undefined || rules.length > 0
}
