// The stores an engine runs on, whatever they are made of.
import type { ActionLog } from '../log/action-log.ts'
import type { SnapshotStore } from '../snapshots/snapshot-store.ts'
import type { StreamStore } from '../streams/stream-store.ts'

export interface Stores {
  log: ActionLog
  snapshots: SnapshotStore
  streams: StreamStore
  /** Why the storage should take no more actions; undefined while it can. */
  problem(): string | undefined
  close(): Promise<void>
}
