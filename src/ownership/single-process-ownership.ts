// Ownership on one machine: the process that holds the data folder owns every shard, and each
// thread claims the shards it was given.
import type { NodeInstance, ShardOwner, ShardOwnership } from './shard-ownership.ts'

export class SingleProcessOwnership implements ShardOwnership {
  readonly self: NodeInstance = { node: 'local', instance: String(process.pid) }
  readonly #listeners = new Set<() => void>()
  readonly #owners = new Map<number, ShardOwner>()

  async claim(shard: number, after: number, owner = this.self): Promise<number> {
    const epoch = Math.max(after, this.#owners.get(shard)?.epoch ?? 0) + 1
    this.#owners.set(shard, { ...owner, epoch })
    for (const listener of this.#listeners) listener()
    return epoch
  }

  ownerOf(shard: number): ShardOwner | undefined {
    return this.#owners.get(shard)
  }

  onChanged(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#owners.clear()
  }
}
