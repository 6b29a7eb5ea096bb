// What the keeper of a node's shards asks of the part that runs them.

/**
 * `fenced`: the store refused the shard. `stopped`: it stopped for another reason, which would stop
 * it on any node.
 */
export type ShardCondition = 'absent' | 'running' | 'fenced' | 'stopped'

/** Runs the shards of this node. */
export interface ShardHost {
  /**
   * Epoch that the shard's stored profiles were last written under. Errors: STORAGE_UNAVAILABLE.
   */
  lastEpoch(shard: number): Promise<number>
  /** Runs the shard under the epoch from now on. Rejects if it cannot. */
  takeOver(shard: number, epoch: number): Promise<void>
  /** Saves most of the shard. The shard goes on meanwhile, also if this rejects. */
  save(shard: number): Promise<void>
  /**
   * Saves the rest of the shard, which takes no more actions. Reads go on until `drop`. Rejects if
   * it cannot.
   */
  finish(shard: number): Promise<void>
  /** Stops running the shard. */
  drop(shard: number): void
  conditionOf(shard: number): ShardCondition
  /** Epoch under which it runs the shard; undefined if it does not. */
  epochOf(shard: number): number | undefined
}
