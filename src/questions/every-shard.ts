// What shards answer to a question for every shard, on its way back to who asked.

export interface ShardPart<Part> {
  shard: number
  /** Of the owner that answered. */
  epoch: number
  part: Part
}

/**
 * The part of each shard, by its number. In a handover two owners may answer for one: the newer is
 * right.
 */
export function newestParts<Part>(told: readonly ShardPart<Part>[]): Map<number, Part> {
  const parts = new Map<number, Part>()
  const inOrder = told.toSorted((a, b) => a.shard - b.shard || a.epoch - b.epoch)
  for (const { shard, part } of inOrder) parts.set(shard, part)
  return parts
}
