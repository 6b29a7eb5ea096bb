// What a rebuild needs of the running shard beside it, and nothing more.
import type { Fold } from '../../src/profile/fold.ts'
import type { Profile } from '../../src/profile/profile.ts'
import type { HotUser } from '../users/hot-user.ts'

export interface LiveShard {
  readonly shard: number
  readonly epoch: number
  readonly fold: Fold
  /** Last sequence that the shard has applied. */
  readonly applied: number
  /** Until this sequence is applied, the shard only replays records that were applied before. */
  readonly replayTo: number
  readonly users: { get(name: string): HotUser | undefined }
  readonly backpressure: { wait(): Promise<void> }
  /** Calls `work` while no record is on its way: every profile stands at `applied`. */
  between<T>(work: () => T): Promise<T>
  /** Replaces the user's profile. Call it only between two records. */
  replace(name: string, profile: Profile, savedWakeAt: number): void
  read<T>(name: string, read: (profile: Profile) => T): Promise<T | undefined>
  saveAll(): Promise<void>
}
