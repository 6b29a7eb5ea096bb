// Who should run which shard: an even share with the fewest moves. A pure function, so that nodes
// which see the same come to the same answer without asking each other.

/**
 * @param owners present owner of each shard that may go on with it; undefined: nobody
 * @param members instances that shards may be given to, in any order
 * @returns the owner each shard should have; undefined if there are no members
 */
export function assignShards(
  owners: readonly (string | undefined)[],
  members: readonly string[],
): (string | undefined)[] {
  const held = new Map<string, number[]>(members.toSorted().map((member) => [member, []]))
  for (const [shard, owner] of owners.entries()) if (owner !== undefined) held.get(owner)?.push(shard)
  const quotas = quotasOf(held, owners.length)
  const assigned: (string | undefined)[] = owners.map(() => undefined)
  for (const [member, shards] of held) {
    for (const shard of shards.slice(0, quotas.get(member))) assigned[shard] = member
  }
  const free = [...held].flatMap(([member, shards]) =>
    new Array<string>(Math.max(0, quotas.get(member)! - shards.length)).fill(member),
  )
  return assigned.map((owner) => owner ?? free.shift())
}

/** How many shards each member gets. Members that have the most already get the remainder. */
function quotasOf(held: ReadonlyMap<string, readonly number[]>, shards: number): Map<string, number> {
  const least = Math.floor(shards / held.size)
  const more = shards % held.size
  const byShards = [...held].sort(([, a], [, b]) => b.length - a.length)
  return new Map(byShards.map(([member], index) => [member, index < more ? least + 1 : least]))
}
