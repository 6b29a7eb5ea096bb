// The profile: everything the fold keeps about one user. Nearly all of it is one array of numbers,
// because a node holds hundreds of thousands of profiles.
import type { Definition } from '../definition/definition.ts'
import { emptyLifecycleState, type LifecycleState } from '../lifecycle/lifecycle-state.ts'
import { emptySections, type Numbers, sectionOf } from '../numbers/section.ts'

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
  /**
   * Sections: the state of each series, in the definition's order, and then the lists below in
   * theirs.
   */
  numbers: Numbers
  /** Undefined if the definition has neither lifecycle nor rules. */
  standing: LifecycleState | undefined
}

/**
 * The lists behind the states. The last is the longest and grows with each action, so that what
 * grows moves little.
 */
export const LIST = {
  /** The names of the user's actions, see action-names.ts. */
  names: 0,
  /** Actions per local day and name, see day-counts.ts. */
  days: 1,
  /** The newest actions: pairs of (record sequence, position in the record), oldest first. */
  timeline: 2,
  /** Idempotency ids: pairs of (hash of the id, receivedAt in seconds), oldest first. */
  remembered: 3,
} as const
type List = (typeof LIST)[keyof typeof LIST]

const LISTS = Object.keys(LIST).length

/** The place of a list among the sections. */
export function placeOf({ series }: Definition, list: List): number {
  return series.length + list
}

/** A copy of a list. */
export function listOf(definition: Definition, profile: Profile, list: List): number[] {
  return sectionOf(profile, placeOf(definition, list))
}

export function sectionsOf({ series }: Definition): number {
  return series.length + LISTS
}

export function emptyProfile(definition: Definition): Profile {
  return {
    sequence: 0,
    newestAt: 0,
    numbers: emptySections(sectionsOf(definition)),
    standing: hasStanding(definition) ? emptyLifecycleState() : undefined,
  }
}

export function hasStanding({ lifecycle, rules }: Definition): boolean {
  return lifecycle !== undefined || rules.length > 0
}
