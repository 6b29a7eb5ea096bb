// A hot user, and the messages that its actor takes. One `apply` carries all of a user's actions of
// one log record.
import type { Ref } from 'nact'
import type { Outcome } from '../../src/ingest/batch.ts'
import type { Action } from '../../src/model/action.ts'
import type { Fold } from '../../src/profile/fold.ts'
import type { Profile } from '../../src/profile/profile.ts'
import type { Effect } from '../../src/rules/effect.ts'

/** What the users of one shard share. */
export interface ShardContext {
  readonly shard: number
  /** Under which it is run here. */
  readonly epoch: number
  readonly fold: Fold
  /** Up to which record of the shard, and until when, the last rebuild replayed in silence. */
  readonly rebuilt: { head: number; until: number }
  /** What the users take, about. */
  readonly memory: { bytes: number }
  /** A profile as the log gives it, as of what the shard has applied. Errors: LOG_TRIMMED. */
  recompute(name: string): Promise<Profile>
  /** The nact actor that supervises them. */
  readonly supervisor: Ref<never>
}

/** The actor of one user, as the router of its shard knows it. */
export interface HotUser {
  readonly name: string
  readonly context: ShardContext
  /**
   * Undefined until the actor has handled its activation, and once applying an action has failed.
   */
  profile: Profile | undefined
  /**
   * nact's part of it, mailbox and supervision: there while messages wait, for 1.3 KB is too much
   * for idle users.
   */
  ref: Ref<UserMessage> | undefined
  /** Messages in the mailbox, or in a turn that waits; nact's own mailboxes have no bound. */
  pending: number
  /** Changed since it was last handed to the snapshot store. */
  dirty: boolean
  /** On its way to the snapshot store, which does not have it yet. */
  saving: boolean
  /**
   * What the index of the snapshot store holds for the user: when time will change it, epoch ms;
   * Infinity: nothing.
   */
  savedWakeAt: number
  /** When the queue of its shard looks at it next, epoch ms; Infinity: not at all. */
  queuedAt: number
  /** Used since passivation last looked. */
  used: boolean
  /** Bytes of memory that the user takes, about. */
  weight: number
}

/** Of a user without any action. */
const WEIGHT_MIN = 2_048
/** How many bytes of memory one of the stored profile takes: numbers are stored in few. */
const WEIGHT_OF_STORED = 6

/** Takes note of how long the user's profile is as it is stored. */
export function weigh(user: HotUser, storedBytes: number): void {
  const weight = WEIGHT_MIN + WEIGHT_OF_STORED * storedBytes
  user.context.memory.bytes += weight - user.weight
  user.weight = weight
}

/** One log record on its way through the actors of its users. */
export interface RecordInFlight {
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
  turn: RecordInFlight
  actions: Action[]
  /** Position of each action in the record. */
  positions: number[]
}

/** Time has come to something: the record is a tick. */
export interface TickMessage {
  kind: 'tick'
  turn: RecordInFlight
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
