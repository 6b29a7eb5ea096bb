// A running shard as a question sees it.
import type { Definition } from '../definition/definition.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Fold } from '../profile/fold.ts'
import type { Profile } from '../profile/profile.ts'
import type { Clock } from '../runtime/clock.ts'
import type { RebuildView } from '../views/views.ts'

export interface ShardView {
  readonly shard: number
  readonly epoch: number
  /** Name of the node that runs it. */
  readonly node: string
  readonly definition: Definition
  readonly fold: Fold
  readonly log: ActionLog
  readonly clock: Clock
  /** Last sequence that is applied. */
  readonly applied: number
  /** Sequence up to which every profile is saved. */
  readonly committed: number
  /** Users held in memory. */
  readonly hotUsers: number
  /**
   * Resolves when the shard has replayed its log and reached `minSequence`, after a bounded wait.
   * Errors: NOT_READY; NOT_YET_APPLIED for `minSequence`; NOT_OWNER if the shard is another node's
   * by then.
   */
  ready(minSequence?: number): Promise<void>
  /**
   * Calls `read` with the user's profile between two turns of its actor. `read` must not keep or
   * change it. Undefined if no action of the user was ever accepted. Errors: OVERLOADED, NOT_READY,
   * NOT_OWNER, STORAGE_UNAVAILABLE.
   */
  read<T>(user: string, read: (profile: Profile) => T): Promise<T | undefined>
  readonly rebuilds: {
    /** Begins a rebuild. Errors: REBUILD_RUNNING, LOG_TRIMMED, NOT_READY. */
    start(): Promise<RebuildView>
    /** The state of the present or last rebuild. Errors: NO_REBUILD. */
    view(): RebuildView
  }
}
