// The answers of the shards to a question for every shard, on the way back to the asker.

export interface ShardPart<Part> {
  shard: number
  /** The epoch of the owner that answered. */
  epoch: number
  part: Part
}

/**
 * The part of each shard, by its number. During a handover, two owners may answer for one shard;
 * the newer one is right.
 */
export function newestParts<Part>(told: readonly ShardPart<Part>[]): Map<number, Part> {
  const parts = new Map<number, Part>()
  const inOrder = told.toSorted((a, b) => a.shard - b.shard || a.epoch - b.epoch)
  for (const { shard, part } of inOrder) parts.set(shard, part)
  return parts
}
