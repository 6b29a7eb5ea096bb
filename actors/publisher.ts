// Publishes what the shards of one thread set off. Records that are applied while a publication is on its way share the
// next one, so that a stream costs a transaction now and then, not one per record.
import { setTimeout as sleep } from 'node:timers/promises'
import { LIMITS } from '../src/limits.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { Publication, StreamStore } from '../src/streams/stream-store.ts'

/** Pause before a refused publication is tried again. */
const RETRY_MS = 200

export class Publisher {
  readonly #streams: StreamStore
  readonly #logger: Logger
  #gathering: Publication[] = []
  /** Length of the entries' text in it. */
  #gatheredText = 0
  /** Falls in the same turn in which nothing is left to publish: who looks a moment later starts anew. */
  #busy = false
  #publishing: Promise<void> = Promise.resolve()
  #stopped = false
  #failing = false

  constructor(streams: StreamStore, logger: Logger) {
    this.#streams = streams
    this.#logger = logger
  }

  /** Sequence up to which the shard's records were published before: what they set off then is not published again. */
  published(shard: number): number | Promise<number> {
    return this.#streams.published(shard)
  }

  /** Whether publications are to carry the actions. */
  get takesActions(): boolean {
    return this.#streams.takesActions
  }

  /** Takes what a record leads to; a shard hands its records over in their order. */
  publish(publication: Publication): void {
    this.#gathering.push(publication)
    for (const entries of publication.entries.values()) {
      for (const { data } of entries) this.#gatheredText += data.length
    }
    if (this.#busy) return
    this.#busy = true
    this.#publishing = this.#publishAll()
  }

  /** False while so much waits to be published that no more records should be applied. */
  get hasRoom(): boolean {
    return (
      this.#gathering.length < LIMITS.unpublishedRecordsMax && this.#gatheredText < LIMITS.unpublishedTextMax
    )
  }

  /** Resolves when everything taken so far is published, or the publisher was stopped. */
  async drain(): Promise<void> {
    while (this.#busy) await this.#publishing
  }

  /** Resolves when everything taken so far would survive a power cut. Errors: STORAGE_UNAVAILABLE. */
  async flush(): Promise<void> {
    if (this.#busy) await this.#publishing
    if (this.#stopped && this.#gathering.length > 0) throw new Error('streams ended before all was published')
    await this.#streams.flushed()
  }

  /** Tries no longer what could not be published; the next start finds it in the log. */
  stop(): void {
    this.#stopped = true
  }

  async #publishAll(): Promise<void> {
    while (this.#gathering.length > 0) {
      const publications = this.#gathering
      this.#gathering = []
      this.#gatheredText = 0
      while (!(await this.#tryToPublish(publications))) {
        if (this.#stopped) {
          this.#gathering.unshift(...publications)
          this.#busy = false
          return
        }
        await sleep(RETRY_MS, undefined, { ref: false })
      }
    }
    this.#busy = false
  }

  async #tryToPublish(publications: readonly Publication[]): Promise<boolean> {
    try {
      await this.#streams.publish(publications)
      this.#failing = false
      return true
    } catch (error) {
      if (!this.#failing) this.#logger.error('streams could not be written', { error })
      this.#failing = true
      return false
    }
  }
}
