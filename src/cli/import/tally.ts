// What became of the rows, counted by reason. Plain data that the checkpoint stores.

export interface Tally {
  /** Actions the engine holds because of this import. */
  accepted: number
  /**
   * Of `accepted`: answered `duplicate` when sent again after an interruption, so taken in the
   * first time.
   */
  repeated: number
  /** The engine had an action of this id before. */
  duplicate: number
  /** Rows left out by `skip`, by its reason. */
  skipped: Record<string, number>
  /** Rows with mistakes, by error code. */
  rejected: Record<string, number>
  /** Rows that are older than a row of the same user before them. */
  outOfOrder: OddRows
  /** Rows that came more than the definition's historyWait after the user's row before. */
  paused: OddRows
  /** The longest time between two runs, if it was more than historyWait. */
  longestBreakMs: number
  /** Local times that the clocks left out when they went forward. */
  timesMoved: number
}

export type Oddity = 'outOfOrder' | 'paused'

export interface OddRows {
  rows: number
  /** Each run counts its users anew. */
  users: number
  longestMs: number
}

export function emptyTally(): Tally {
  return {
    accepted: 0,
    repeated: 0,
    duplicate: 0,
    skipped: {},
    rejected: {},
    outOfOrder: { rows: 0, users: 0, longestMs: 0 },
    paused: { rows: 0, users: 0, longestMs: 0 },
    longestBreakMs: 0,
    timesMoved: 0,
  }
}

/** A row as it was read. */
export interface Source {
  /** Its place in the input, from 1. */
  number: number
  row: unknown
}

/** What became of one row. */
export type Fate =
  | { kind: 'accepted' | 'repeated' | 'duplicate' }
  | { kind: 'skipped'; reason: string }
  | { kind: 'rejected'; reason: string; message: string; source: Source }

/** Fates without details of their own, shared by all rows. */
export const FATE = {
  accepted: { kind: 'accepted' },
  repeated: { kind: 'repeated' },
  duplicate: { kind: 'duplicate' },
} as const satisfies Record<string, Fate>

export function count(tally: Tally, fate: Fate): void {
  switch (fate.kind) {
    case 'repeated':
      tally.repeated++
      tally.accepted++
      break
    case 'skipped':
    case 'rejected': {
      const reasons = tally[fate.kind]
      reasons[fate.reason] = (reasons[fate.reason] ?? 0) + 1
      break
    }
    default:
      tally[fate.kind]++
  }
}

export function total(reasons: Record<string, number>): number {
  return Object.values(reasons).reduce((sum, count) => sum + count, 0)
}
