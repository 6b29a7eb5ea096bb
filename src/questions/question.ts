// What can be asked of the shards, and what they can be told to do: a question is one file of this
// room. It says whom it concerns and how a shard answers; how it reaches that shard, on this
// thread, another one or another node, is the engine's.
import type { Definition } from '../definition/definition.ts'
import type { ActionLog } from '../log/action-log.ts'
import { shardOf } from '../model/hash.ts'
import type { Fold } from '../profile/fold.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SnapshotStore } from '../snapshots/snapshot-store.ts'
import type { ShardView } from './shard-view.ts'

/**
 * Answered by the owner of one shard. Parameters and answers are what MessagePack can say, or
 * undefined.
 */
export interface ShardQuestion<Parameters, Answer> {
  readonly scope: 'shard'
  /** Tells it from all others, also between nodes of different versions. */
  readonly name: string
  shardOf(parameters: Parameters, shards: number): number
  /** How long a node of a cluster waits for the owner, ms. */
  waitMs(parameters: Parameters): number
  answer(shard: ShardView, parameters: Parameters): Promise<Answer>
  /**
   * Answers from what was saved last, when the owner does not answer. Left out: only the owner may
   * answer.
   * @param reason why the owner does not answer. Errors: OWNER_UNREACHABLE or NOT_READY send the
   * question to the owner once more.
   */
  fromSnapshot?(saved: SavedShard, parameters: Parameters, reason: string): Promise<Answer>
}

/** Answered by the owners of all shards; the asking side puts the answers together. */
export interface EveryShardQuestion<Parameters, Part, Answer> {
  readonly scope: 'every shard'
  readonly name: string
  waitMs(parameters: Parameters): number
  answer(shard: ShardView, parameters: Parameters): Promise<Part>
  /** Answers for a shard whose owner did not. */
  unanswered(shard: UnansweredShard, parameters: Parameters): Promise<Part>
  /** @param parts one of each shard, by its number */
  combine(parts: Part[], parameters: Parameters): Answer
}

export type Question<Parameters, Answer> =
  | ShardQuestion<Parameters, Answer>
  // biome-ignore lint/suspicious/noExplicitAny: who asks does not see the parts
  | EveryShardQuestion<Parameters, any, Answer>

/** A shard as the snapshot store holds it. */
export interface SavedShard {
  readonly shard: number
  readonly definition: Definition
  readonly fold: Fold
  readonly clock: Clock
  readonly snapshots: SnapshotStore
}

/** A shard that nobody has answered for. */
export interface UnansweredShard {
  readonly shard: number
  /** Its owner, if it has one that lives. */
  readonly owner: string | undefined
  /** Under which it was last owned; undefined when it never was. */
  readonly epoch: number | undefined
  readonly log: ActionLog
  readonly clock: Clock
  readonly snapshots: SnapshotStore
}

export interface AboutUser {
  /** Profile key: a userId, or `anonymous:` followed by the anonymousId. */
  user: string
}

/** For questions about one user: they go to the owner of the user's shard. */
export function shardOfUser({ user }: AboutUser, shards: number): number {
  return shardOf(user, shards)
}
