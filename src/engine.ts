// What the API asks of the engine, and nothing more: submit a batch, read a profile, see the shards. The node
// that answers may be any; how it finds the owner of a shard is not the caller's business.
import type { Definition, Value } from './definition/definition.ts'
import type { Batch, Submitted } from './ingest/batch.ts'

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

export interface ProfileView {
  userId: string
  features: Record<string, Value>
  /** Features whose value is an estimate, each with the standard error of its method (0.016: 1.6 %). */
  approximate?: Record<string, { standardError: number }>
  asOf: { shard: number; epoch: number; sequence: number; at: string }
  source: 'live' | 'snapshot'
}

export interface CountsView {
  userId: string
  action: string | null
  timezone: string
  /** First local date the engine still holds for this user; counts before it are not known. */
  coveredFrom: string
  total: number
  counts: { date: string; count: number }[]
}

export interface TimelineView {
  userId: string
  actions: {
    id: string
    action: string
    occurredAt: string
    object?: { type?: string; id: string }
    channel?: string
    place?: string
    properties: Record<string, unknown>
    shard: number
    sequence: number
  }[]
  /** Pass it back as `cursor` for the next page; null on the last. */
  cursor: string | null
}

export interface ShardStatus {
  shard: number
  owner: string
  epoch: number
  /** Last sequence of the log, last applied, last covered by a committed snapshot offset. */
  head: number
  applied: number
  committed: number
  /** Records appended but not yet applied. */
  lag: number
  hotUsers: number
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
  counts(user: string, options: { action?: string; from?: string; to?: string }): Promise<CountsView | undefined>
  /** The newest actions first, by the order they were accepted; `from`, `to` bound occurredAt (epoch ms, to exclusive). */
  timeline(
    user: string,
    options: { action?: string; from?: number; to?: number; limit: number; cursor?: string },
  ): Promise<TimelineView | undefined>
  shardStatus(): ShardStatus[]
  /** Undefined when ready to serve; otherwise why not. */
  notReady(): string | undefined
}
