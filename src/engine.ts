// What the API asks of the engine, and nothing more: submit a batch, ask a question, read the
// streams. Any node may answer. How it finds the owner of a shard is not the caller's business.
import type { Definition } from './definition/definition.ts'
import type { Batch, Submitted, SubmitWait } from './ingest/batch.ts'
import type { Question } from './questions/question.ts'

/** The entries that a subscriber wants. Each field that is set must match. */
export interface StreamFilter {
  /** Profile key: a userId, or `anonymous:` followed by the anonymousId. */
  userId?: string
  /** Name of the action that is the entry or caused it. */
  action?: string
}

export interface StreamPage {
  /** In order; `data` is JSON on one line, and `cursor` the place just after the entry. */
  entries: { cursor: string; id: string; data: string }[]
  /** The place after everything that was looked at. The next read goes on there. */
  cursor: string
  /** True if there is more to read now. */
  more: boolean
}

export interface StreamReader {
  /** The streams there are, `actions` and `stages` among them. */
  readonly names: ReadonlySet<string>
  /**
   * At most `limit` entries after the cursor; `0` begins at the oldest that is held. It may give
   * fewer, or none, even if there are `more`. Errors: INVALID_REQUEST if the engine never gave this
   * cursor, CURSOR_TOO_OLD if entries after it were dropped.
   */
  read(stream: string, cursor: string, filter: StreamFilter, limit: number): Promise<StreamPage>
  /** The place after everything published so far. */
  head(): string | Promise<string>
  /**
   * Calls back after something was published on the stream, now and then without cause. The
   * returned function ends it.
   */
  onPublished(stream: string, callback: () => void): () => void
}

export interface Engine {
  readonly definition: Definition
  readonly shards: number
  readonly streams: StreamReader
  /**
   * Appends the batch durably. With `applied` it also waits until every action was applied.
   * Errors: OVERLOADED (nothing was taken, retry), STORAGE_UNAVAILABLE (nothing was acknowledged).
   */
  submit(batch: Batch, wait: SubmitWait): Promise<Submitted>
  /**
   * Asks the owners of the shards that the question concerns. Errors: those of the question;
   * OVERLOADED, NOT_READY; in a cluster OWNER_UNREACHABLE.
   */
  ask<Parameters, Answer>(question: Question<Parameters, Answer>, parameters: Parameters): Promise<Answer>
  /** Undefined if the engine is ready to serve; otherwise why not. */
  notReady(): string | undefined
  /** Why the storage takes no actions though the engine is ready: reads are served. */
  storageProblem(): string | undefined
}
