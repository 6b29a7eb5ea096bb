// How all shards of a cluster stand: each as its owner says, and those without one as the stores know them.
import type { ShardStatus } from '../src/engine.ts'
import type { ActionLog } from '../src/log/action-log.ts'
import type { Membership } from '../src/ownership/membership.ts'
import type { ShardOwnership } from '../src/ownership/shard-ownership.ts'
import type { SnapshotStore } from '../src/snapshots/snapshot-store.ts'
import type { LocalEngine } from './local-engine.ts'
import type { NodeLinks } from './node-links.ts'

const ANSWER_WAIT_MS = 1_000

export interface ClusterStatusParts {
  local: LocalEngine
  ownership: ShardOwnership
  membership: Membership
  links: NodeLinks
  log: ActionLog
  snapshots: SnapshotStore
}

export class ClusterStatus {
  readonly #parts: ClusterStatusParts

  constructor(parts: ClusterStatusParts) {
    this.#parts = parts
  }

  /** Errors: STORAGE_UNAVAILABLE, only for shards whose owner does not answer. */
  async shards(): Promise<ShardStatus[]> {
    const { local, membership, links } = this.#parts
    const others = membership.others.map(({ instance }) =>
      links.call<ShardStatus[]>(instance, 'shardStatus', ANSWER_WAIT_MS).catch(() => []),
    )
    const told = (await Promise.all([local.shardStatus(), ...others])).flat()
    const known = new Map<number, ShardStatus>()
    // In a handover two may know of it: the newer owner is right.
    for (const status of told.sort((a, b) => a.epoch - b.epoch)) known.set(status.shard, status)
    return Promise.all(
      Array.from({ length: local.shards }, (_, shard) => known.get(shard) ?? this.#unowned(shard)),
    )
  }

  async #unowned(shard: number): Promise<ShardStatus> {
    const { ownership, membership, log, snapshots } = this.#parts
    const owner = ownership.ownerOf(shard)
    const lives =
      owner && (owner.instance === ownership.self.instance || membership.of(owner.instance) !== undefined)
    const [{ epoch, offset }, head] = await Promise.all([snapshots.checkpoint(shard), log.head(shard)])
    return {
      shard,
      owner: lives ? owner.node : 'none',
      epoch: owner?.epoch ?? epoch,
      head,
      applied: offset,
      committed: offset,
      lag: Math.max(0, head - offset),
      hotUsers: 0,
    }
  }
}
