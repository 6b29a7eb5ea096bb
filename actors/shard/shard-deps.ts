// What a shard runner is made of.
import type { Ref } from 'nact'
import type { Definition } from '../../src/definition/definition.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Observer } from '../../src/runtime/observer.ts'
import type { TurnBudget } from '../../src/runtime/turn-budget.ts'
import type { ShardCheckpoint, SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { Publisher } from '../publishing/publisher.ts'
import type { ShardContext } from '../users/hot-user.ts'

export interface ShardDeps {
  /** The nact actor that supervises the shard's users. */
  supervisor: Ref<never>
  definition: Definition
  log: ActionLog
  snapshots: SnapshotStore
  publisher: Publisher
  clock: Clock
  logger: Logger
  /** Appends a tick of the shard durably and gives its sequence. */
  appendTick(shard: number, users: readonly string[]): Promise<number>
  observer: Observer
  hotUsersMax(): number
  /** Time for applying records, which all shards of the thread share. */
  turns: TurnBudget
  rebuilt: ShardContext['rebuilt']
}

export interface ShardStart extends ShardCheckpoint {
  /** Head of the shard's log. */
  head: number
  /** Sequence up to which the shard's records are published. */
  published: number
}
