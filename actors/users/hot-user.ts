// A hot user, and the messages that its actor takes. One `apply` carries all of a user's actions of
// one log record.
import type { Ref } from 'nact'
import type { Outcome } from '../../src/ingest/batch.ts'
import { sizeOf } from '../../src/lifecycle/lifecycle-state.ts'
import type { Action } from '../../src/model/action.ts'
import type { Fold } from '../../src/profile/fold.ts'
import type { Profile } from '../../src/profile/profile.ts'
import type { Effect } from '../../src/rules/effect.ts'
import type { Loaded } from '../../src/snapshots/snapshot-store.ts'

/** What the users of one shard share. */
export interface ShardContext {
  readonly shard: number
  /** The epoch under which this node runs the shard. */
  readonly epoch: number
  readonly fold: Fold
  /** The last rebuild replayed in silence up to this record of the shard, and until this time. */
  readonly rebuilt: { head: number; until: number }
  /** About how many bytes the users take. */
  readonly memory: { bytes: number }
  /** Computes a profile from the log, up to what the shard has applied. Errors: LOG_TRIMMED. */
  recompute(name: string): Promise<Profile>
  /** The nact actor that supervises the users. */
  readonly supervisor: Ref<never>
}

/** The actor of one user, as the router of its shard knows it. */
export interface HotUser {
  readonly name: string
  readonly context: ShardContext
  /**
   * Undefined until the actor has handled its activation, and after applying an action has failed.
   */
  profile: Profile | undefined
  /**
   * The user's nact actor, with mailbox and supervision. It exists only while messages wait,
   * because 1.3 KB is too much for idle users.
   */
  ref: Ref<UserMessage> | undefined
  /** The user's message of the record that is being shared out; undefined at any other time. */
  gathering: ApplyMessage | undefined
  /** Messages in the mailbox or in a turn that waits. nact's own mailboxes have no bound. */
  pending: number
  /** The profile has changed since it was last handed to the snapshot store. */
  dirty: boolean
  /** The profile is on its way to the snapshot store, which does not have it yet. */
  saving: boolean
  /**
   * The user's entry in the index of the snapshot store: when time will change the profile, epoch
   * ms; Infinity: no entry.
   */
  savedWakeAt: number
  /** When the queue of its shard looks at it next, epoch ms; Infinity: not at all. */
  queuedAt: number
  /** The user was active since passivation last looked. */
  used: boolean
  /** About how many bytes of memory the user takes. */
  weight: number
}

/** The bytes of a user without any action. */
const WEIGHT_MIN = 512
const NUMBER_BYTES = 8

/** Updates the user's bytes. */
export function weigh(user: HotUser): void {
  const { profile } = user
  const standing = profile?.standing ? sizeOf(profile.standing) : 0
  const weight = WEIGHT_MIN + NUMBER_BYTES * ((profile?.numbers.length ?? 0) + standing)
  user.context.memory.bytes += weight - user.weight
  user.weight = weight
}

/** One log record on its way through the actors of its users. */
export interface RecordInFlight {
  sequence: number
  /** When the record arrived, epoch ms. */
  receivedAt: number
  /** The record's actions; none for a tick. */
  actions: readonly Action[]
  /**
   * Of each action, the position of the same user's next one; the last one's means nothing.
   * Undefined if no user has two.
   */
  next: Uint32Array | undefined
  /** What became of each action, by its position in the record. */
  outcomes: Outcome[]
  /** The effects of the actions or the tick, each user's in order. */
  effects: Effect[]
  /** Each user's actor calls it when it has applied its part. */
  applied(user: HotUser, changed: boolean): void
  /** A user's actor calls it when applying has failed. */
  failed(error: unknown): void
}

/** The first message of every actor: its profile is here, or on its way from the snapshot store. */
export interface ActivateMessage {
  kind: 'activate'
  /**
   * The stored profiles of all users that are activated together, and this user's place among them.
   */
  loading: Loaded | Promise<Loaded>
  index: number
  /** Called when the profile could not be loaded. */
  failed(error: unknown): void
}

/** The user's actions of the record, which are chained by their positions. */
export interface ApplyMessage {
  kind: 'apply'
  turn: RecordInFlight
  /** Positions of the first and of the last of them. */
  first: number
  last: number
}

/** A tick: something is due for the user. */
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
