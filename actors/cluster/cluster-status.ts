// How all shards of a cluster stand: each as its owner says, and those without one as the stores know them.

import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import type { ShardStatus } from '../../src/engine.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Membership } from '../../src/ownership/membership.ts'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { LocalEngine } from '../engine/local-engine.ts'
import { headAndLag } from '../engine/log-head.ts'

/** Longer than a node waits for its log; then this one asks the log itself. */
const ANSWER_WAIT_MS = 600

export interface ClusterStatusDeps {
  local: Pick<LocalEngine, 'shards' | 'shardStatus'>
  ownership: ShardOwnership
  membership: Pick<Membership, 'others' | 'of'>
  links: PeerCalls
  log: ActionLog
  snapshots: SnapshotStore
  clock: Clock
}

export class ClusterStatus {
  readonly #deps: ClusterStatusDeps

  constructor(deps: ClusterStatusDeps) {
    this.#deps = deps
  }

  /** Errors: STORAGE_UNAVAILABLE, where the snapshots of a shard are asked for since its owner does not answer. */
  async shards(): Promise<ShardStatus[]> {
    const { local, membership, links } = this.#deps
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
    const { ownership, membership, log, snapshots, clock } = this.#deps
    const owner = ownership.ownerOf(shard)
    const lives =
      owner && (owner.instance === ownership.self.instance || membership.of(owner.instance) !== undefined)
    const { epoch, offset } = await snapshots.checkpoint(shard)
    const { head, lag } = await headAndLag(log, shard, offset, clock)
    return {
      shard,
      owner: lives ? owner.node : 'none',
      epoch: owner?.epoch ?? epoch,
      head,
      applied: offset,
      committed: offset,
      lag,
      hotUsers: 0,
    }
  }
}
