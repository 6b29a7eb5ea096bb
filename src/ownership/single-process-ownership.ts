// Ownership on one machine: the process that holds the data folder owns every shard, and each of its threads
// claims those it was given.
import type { NodeInstance, ShardOwner, ShardOwnership } from './shard-ownership.ts'

export class SingleProcessOwnership implements ShardOwnership {
  readonly self: NodeInstance = { node: 'local', instance: String(process.pid) }
  readonly #owners = new Map<number, ShardOwner>()

  async claim(shard: number, after: number, owner = this.self): Promise<number> {
    const epoch = Math.max(after, this.#owners.get(shard)?.epoch ?? 0) + 1
    this.#owners.set(shard, { ...owner, epoch })
    return epoch
  }

  ownerOf(shard: number): ShardOwner | undefined {
    return this.#owners.get(shard)
  }

  async close(): Promise<void> {
    this.#owners.clear()
  }
}
