// The shard ownership port: which node runs a shard now, and under which epoch. An epoch is a
// fencing number: whoever claims a shard later gets a higher one, and stores refuse the writes of
// lower ones.

/** One run of a node. A process that is started again is another instance. */
export interface NodeInstance {
  /** Name of the node, as its operator gave it. */
  node: string
  instance: string
}

export interface ShardOwner extends NodeInstance {
  epoch: number
}

export interface ShardOwnership {
  readonly self: NodeInstance
  /**
   * Makes an instance, by default this one, the owner of the shard. Resolves with an epoch above
   * `after` and above that of every earlier claim. Errors: NOT_OWNER if somebody else has claimed
   * the shard since this node last heard; STORAGE_UNAVAILABLE, and then the claim may still take
   * effect.
   */
  claim(shard: number, after: number, owner?: NodeInstance): Promise<number>
  /** The present owner, as far as this node knows. */
  ownerOf(shard: number): ShardOwner | undefined
  /** Calls back when a shard has another owner or epoch. The returned function ends it. */
  onChanged(callback: () => void): () => void
  close(): Promise<void>
}
