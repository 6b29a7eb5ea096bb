// The messages of a user actor. One `apply` carries all of a user's actions of one log record.
import type { Outcome } from '../src/ingest/batch.ts'
import type { Action } from '../src/model/action.ts'
import type { Profile } from '../src/profile/profile.ts'
import type { Effect } from '../src/rules/effect.ts'
import type { HotUser } from './user-actor.ts'

/** One log record on its way through the actors of its users. */
export interface RecordTurn {
  sequence: number
  /** When the record was taken in, epoch ms. */
  receivedAt: number
  /** What became of each action, by its position in the record. */
  outcomes: Outcome[]
  /** What they, or the tick, set off: each user's in order. */
  effects: Effect[]
  /** Called by each user's actor when it has applied its part. */
  applied(user: HotUser, changed: boolean): void
  /** Called when a user's actor could not. */
  failed(error: unknown): void
}

/** The first message of every actor: its profile is on its way from the snapshot store. */
export interface ActivateMessage {
  kind: 'activate'
  /** Stored profiles of all users that are activated together, and which of them is this one's. */
  loading: Promise<(Buffer | undefined)[]>
  index: number
  /** Called when it could not be loaded. */
  failed(error: unknown): void
}

export interface ApplyMessage {
  kind: 'apply'
  turn: RecordTurn
  actions: Action[]
  /** Position of each action in the record. */
  positions: number[]
}

/** Time has come to something: the record is a tick. */
export interface TickMessage {
  kind: 'tick'
  turn: RecordTurn
  /** Position of the user in the record. */
  position: number
}

/** Looks at the profile between two turns. `read` must not keep or change it. */
export interface ReadMessage {
  kind: 'read'
  read(profile: Profile): void
  failed(error: unknown): void
}

export type UserMessage = ActivateMessage | ApplyMessage | TickMessage | ReadMessage
