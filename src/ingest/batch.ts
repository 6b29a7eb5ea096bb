// A batch: one request after its items were checked, ready for the log. It is plain data that may
// cross a thread: encoded chunks, one per shard, and one entry per item for the receipts.
import type { ErrorCode } from '../errors.ts'
import type { Action } from '../model/action.ts'
import type { Effect } from '../rules/effect.ts'

export interface Chunk {
  shard: number
  /** Number of actions in `bytes`. */
  count: number
  /** Encoded actions, see records.ts. */
  bytes: Uint8Array
  /** The same actions, if they are at hand. */
  actions?: readonly Action[]
}

export interface ItemError {
  code: ErrorCode
  /** JSON pointer to the mistake, from the root of the request's items: `/1/occurredAt`. */
  path: string
  message: string
}

export interface BatchItem {
  /** The action's id; null if it was rejected before it had one. */
  id: string | null
  /** Index into `chunks`, and position inside that chunk; -1 if rejected. */
  chunk: number
  position: number
  error?: ItemError
}

export interface Batch {
  chunks: Chunk[]
  items: BatchItem[]
}

/** What the user's actor made of an action. */
export const OUTCOME = { accepted: 0, duplicate: 1, tooLate: 2, refused: 3 } as const
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME]

/** What a submit waits for: the flush of the log, or also until every action was applied. */
export type SubmitWait = 'durable' | 'applied'

export interface Submitted {
  /** Log sequence of each chunk. */
  sequences: number[]
  /** Outcome of each action of each chunk; empty unless the submit waited for `applied`. */
  outcomes: Outcome[][]
  /**
   * The effects of each chunk's actions; `position` is that in the chunk. Empty like `outcomes`.
   */
  effects: Effect[][]
}

/**
 * Copies the result of a part of a request into the whole.
 * @param places of the part's chunks among those of the request
 */
export function placePart(whole: Submitted, places: readonly number[], part: Submitted): void {
  for (const [index, place] of places.entries()) {
    whole.sequences[place] = part.sequences[index]!
    if (part.outcomes.length === 0) continue
    whole.outcomes[place] = part.outcomes[index]!
    whole.effects[place] = part.effects[index]!
  }
}
