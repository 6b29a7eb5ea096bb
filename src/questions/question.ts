// What you can ask the shards or tell them to do. A question is one file of this room: it says
// which shards it concerns and how a shard answers. The engine carries it to the shard, on this
// thread, another thread or another node.
import type { Definition } from '../definition/definition.ts'
import type { ActionLog } from '../log/action-log.ts'
import { shardOf } from '../model/hash.ts'
import type { Fold } from '../profile/fold.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SnapshotStore } from '../snapshots/snapshot-store.ts'
import type { ShardView } from './shard-view.ts'

/**
 * Answered by the owner of one shard. Parameters and answers are values that MessagePack knows, or
 * undefined.
 */
export interface ShardQuestion<Parameters, Answer> {
  readonly scope: 'shard'
  /** A name that is unique among questions, also between nodes of different versions. */
  readonly name: string
  shardOf(parameters: Parameters, shards: number): number
  /** How long a node of a cluster waits for the owner, ms. */
  waitMs(parameters: Parameters): number
  answer(shard: ShardView, parameters: Parameters): Promise<Answer>
  /**
   * Answers from the last saved state if the owner does not answer. Left out: only the owner may
   * answer. Errors: OWNER_UNREACHABLE or NOT_READY send the question to the owner once more.
   * @param reason why the owner does not answer
   */
  fromSnapshot?(saved: SavedShard, parameters: Parameters, reason: string): Promise<Answer>
}

/** Answered by the owners of all shards. The asking side combines the answers. */
export interface EveryShardQuestion<Parameters, Part, Answer> {
  readonly scope: 'every shard'
  readonly name: string
  waitMs(parameters: Parameters): number
  answer(shard: ShardView, parameters: Parameters): Promise<Part>
  /** Answers for a shard if its owner did not. */
  unanswered(shard: UnansweredShard, parameters: Parameters): Promise<Part>
  /** @param parts one part of each shard, by its number */
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

/** A shard for which nobody has answered. */
export interface UnansweredShard {
  readonly shard: number
  /** The shard's owner, if it has one that lives. */
  readonly owner: string | undefined
  /** The epoch of its last owner; undefined if it never had one. */
  readonly epoch: number | undefined
  readonly log: ActionLog
  readonly clock: Clock
  readonly snapshots: SnapshotStore
}

export interface AboutUser {
  /** Profile key: a userId, or `anonymous:` followed by the anonymousId. */
  user: string
}

/** For questions about one user. They go to the owner of the user's shard. */
export function shardOfUser({ user }: AboutUser, shards: number): number {
  return shardOf(user, shards)
}
