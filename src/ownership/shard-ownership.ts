// The shard ownership port: which node runs a shard now, and under which epoch. An epoch is a fencing number:
// whoever claims a shard later gets a higher one, and stores refuse the writes of lower ones.

export interface ShardOwner {
  node: string
  epoch: number
}

export interface ShardOwnership {
  /** Name of this node. */
  readonly node: string
  /** Takes the shard. Resolves with an epoch above `after` and above that of every earlier claim. */
  claim(shard: number, after: number): Promise<number>
  /** The present owner, as far as this node knows. */
  ownerOf(shard: number): ShardOwner | undefined
  /** Gives every shard of this node back. */
  close(): Promise<void>
}
