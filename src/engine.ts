// What the API asks of the engine, and nothing more: submit a batch, read a profile, see the shards. The node
// that answers may be any; how it finds the owner of a shard is not the caller's business.
import type { Definition } from './definition/definition.ts'
import type { Batch, Submitted, SubmitWait } from './ingest/batch.ts'
import type {
  CountsView,
  ExplainView,
  ProfileView,
  RebuildView,
  ShardStatus,
  TimelineView,
} from './model/shapes.ts'

export type {
  CountsView,
  ExplainView,
  ProfileView,
  RebuildView,
  ShardStatus,
  TimelineView,
} from './model/shapes.ts'

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

/** `from` and `to` are inclusive local dates (YYYY-MM-DD). */
export interface CountsOptions {
  action?: string
  from?: string
  to?: string
}

export interface TimelineOptions {
  action?: string
  /** Bounds of occurredAt, epoch ms; `to` is exclusive. */
  from?: number
  to?: number
  limit: number
  /** `sequence.position` of the last action of the page before. */
  cursor?: string
}

export interface ExplainOptions {
  /** As for a profile. */
  at?: number
}

/** Each answers undefined where no action of the user was ever accepted. */
export interface ProfileReads {
  profile(user: string, options: ReadOptions): Promise<ProfileView | undefined>
  /** Actions per local day. */
  counts(user: string, options: CountsOptions): Promise<CountsView | undefined>
  /** The newest actions first, by the order they were accepted. */
  timeline(user: string, options: TimelineOptions): Promise<TimelineView | undefined>
  /** What is behind the feature, or rule, of this name. Errors: UNKNOWN_FEATURE, AT_TOO_EARLY. */
  explain(user: string, name: string, options: ExplainOptions): Promise<ExplainView | undefined>
}

/** Entries that a subscriber wants; each field that is there must match. */
export interface StreamFilter {
  /** Profile key: a userId, or `anonymous:` followed by the anonymousId. */
  userId?: string
  /** Name of the action that is the entry or caused it. */
  action?: string
}

export interface StreamPage {
  /** In order; `data` is JSON on one line, and `cursor` the place just after the entry. */
  entries: { cursor: string; id: string; data: string }[]
  /** The place after all that was looked at: where the next read goes on. */
  cursor: string
  /** Whether there is more to read now. */
  more: boolean
}

export interface StreamReader {
  /** The streams there are, `actions` and `stages` among them. */
  readonly names: ReadonlySet<string>
  /**
   * At most `limit` entries after the cursor, `0` for the oldest held; fewer, or none, also where there are `more`.
   * Errors: INVALID_REQUEST for a cursor that was never given, CURSOR_TOO_OLD where entries after it were dropped.
   */
  read(stream: string, cursor: string, filter: StreamFilter, limit: number): Promise<StreamPage>
  /** The place after everything published so far. */
  head(): string | Promise<string>
  /** Calls back after something was published on the stream, now and then without cause. The returned function ends it. */
  onPublished(stream: string, callback: () => void): () => void
}

/** Answered by the owner of the shard. */
export interface Rebuilding {
  /**
   * Begins to rebuild the shard from its log, while it goes on. Errors: REBUILD_RUNNING; LOG_TRIMMED where the log does not
   * reach back to its start; NOT_READY.
   */
  startRebuild(shard: number): Promise<RebuildView>
  /** How it goes, or how the last one went. Errors: NO_REBUILD. */
  rebuild(shard: number): Promise<RebuildView>
}

export interface Engine extends ProfileReads, Rebuilding {
  readonly definition: Definition
  readonly shards: number
  readonly streams: StreamReader
  /**
   * Appends the batch durably. With `applied` it also waits until every action was applied.
   * Errors: OVERLOADED (nothing was taken, retry), STORAGE_UNAVAILABLE (nothing was acknowledged).
   */
  submit(batch: Batch, wait: SubmitWait): Promise<Submitted>
  shardStatus(): Promise<ShardStatus[]>
  /** Undefined when ready to serve; otherwise why not. */
  notReady(): string | undefined
}
