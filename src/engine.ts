// What the API asks of the engine, and nothing more: submit a batch, read a profile, see the shards. The node
// that answers may be any; how it finds the owner of a shard is not the caller's business.
import type { Definition } from './definition/definition.ts'
import type { Batch, Submitted } from './ingest/batch.ts'
import type { CountsView, ProfileView, ShardStatus, TimelineView } from './model/shapes.ts'

export type { CountsView, ProfileView, ShardStatus, TimelineView } from './model/shapes.ts'

export interface ReadOptions {
  /** Evaluate windows as of this instant (epoch ms). Before the user's newest action: AT_TOO_EARLY. Default: now. */
  at?: number
  /** Names of the features wanted; default all. An unknown name: UNKNOWN_FEATURE. */
  fields?: readonly string[]
  /** Answer only once the user's shard has applied its log up to here (read your writes); NOT_YET_APPLIED after a bounded wait. */
  minSequence?: number
  /** Oldest labelled snapshot that may answer, milliseconds. */
  maxStalenessMs?: number
}

export interface Engine {
  readonly definition: Definition
  readonly shards: number
  /**
   * Appends the batch durably. With `applied` it also waits until every action was applied.
   * Errors: OVERLOADED (nothing was taken, retry), STORAGE_UNAVAILABLE (nothing was acknowledged).
   */
  submit(batch: Batch, wait: 'durable' | 'applied'): Promise<Submitted>
  /** Undefined where no action of the user was ever accepted. */
  profile(user: string, options: ReadOptions): Promise<ProfileView | undefined>
  /** Actions per local day, `from` and `to` inclusive local dates (YYYY-MM-DD). */
  counts(
    user: string,
    options: { action?: string; from?: string; to?: string },
  ): Promise<CountsView | undefined>
  /** The newest actions first, by the order they were accepted; `from`, `to` bound occurredAt (epoch ms, to exclusive). */
  timeline(
    user: string,
    options: { action?: string; from?: number; to?: number; limit: number; cursor?: string },
  ): Promise<TimelineView | undefined>
  shardStatus(): Promise<ShardStatus[]>
  /** Undefined when ready to serve; otherwise why not. */
  notReady(): string | undefined
}
