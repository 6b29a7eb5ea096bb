// Publishes the effects of one thread's shards. Records that are applied during a publication share
// the next one. So a stream costs a transaction now and then, not one per record.
import { setTimeout as sleep } from 'node:timers/promises'
import { LIMITS } from '../../src/limits.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Publication, StreamStore } from '../../src/streams/stream-store.ts'

/**
 * If a publication holds only entries of `actions`, it waits this long after the last one for more,
 * so that under load one message or transaction holds the entries of several records. Stage changes
 * and decisions go at once. Everything goes at once if there is little.
 */
const LINGER_MS = 20
/** The same for a store that takes the actions: each message of it costs its servers a flush. */
const LINGER_TAKEN_MS = 100
/** Pause before a refused publication is tried again. */
const RETRY_MS = 200

export class Publisher {
  readonly #streams: StreamStore
  readonly #logger: Logger
  #gathering: Publication[] = []
  /** Length of the entries' text in the gathered publication. */
  #gatheredText = 0
  /** Length of the entries' text in the publication that is under way. */
  #underWayText = 0
  /**
   * True while a task publishes. It becomes false in the same turn in which the task finds no more
   * work, so the next caller starts a new task.
   */
  #busy = false
  /** The publication that is being gathered or under way. */
  #round: Promise<boolean> = Promise.resolve(true)
  /** When the last publication began. */
  #begunAt = Number.NEGATIVE_INFINITY
  /** How many publications were taken, and how many of them are published. */
  #taken = 0
  #published = 0
  /** Somebody waits for what is gathered. */
  #urgent = false
  #hurry = () => {}
  #stopped = false
  #failing = false

  constructor(streams: StreamStore, logger: Logger) {
    this.#streams = streams
    this.#logger = logger
  }

  /**
   * Sequence up to which an earlier owner published the shard's records. Their effects are not
   * published again.
   */
  published(shard: number): number | Promise<number> {
    return this.#streams.published(shard)
  }

  /** True if publications carry the actions. */
  get takesActions(): boolean {
    return this.#streams.takesActions
  }

  /** Takes the effects of a record. A shard hands its records over in their order. */
  publish(publication: Publication): void {
    this.#gathering.push(publication)
    this.#taken += 1
    this.#gatheredText += textOf(publication)
    if (publication.entries.size > 0) this.#goAtOnce()
    if (this.#busy) return
    this.#busy = true
    void this.#publishAll()
  }

  /** False while so much waits to be published that the shards should apply no more records. */
  get hasRoom(): boolean {
    const records = this.#taken - this.#published
    const text = this.#gatheredText + this.#underWayText
    return records < LIMITS.unpublishedRecordsMax && text < LIMITS.unpublishedTextMax
  }

  /**
   * Resolves when everything taken before the call is published, or when the publisher was stopped.
   */
  async drain(): Promise<void> {
    const taken = this.#taken
    while (this.#busy && this.#published < taken) {
      this.#goAtOnce()
      await this.#round
    }
  }

  /**
   * Resolves when everything taken so far would survive a power cut. Errors: STORAGE_UNAVAILABLE.
   */
  async flush(): Promise<void> {
    const taken = this.#taken
    await this.drain()
    if (this.#published < taken) throw new Error('streams ended before all was published')
    await this.#streams.flushed()
  }

  /** Stops trying to publish. The next start finds the rest in the log. */
  stop(): void {
    this.#stopped = true
    this.#goAtOnce()
  }

  #goAtOnce(): void {
    this.#urgent = true
    this.#hurry()
  }

  async #publishAll(): Promise<void> {
    while (this.#gathering.length > 0) {
      this.#round = this.#publishGathered()
      if (!(await this.#round)) break
    }
    this.#busy = false
  }

  /** False if the publisher was stopped first. */
  async #publishGathered(): Promise<boolean> {
    const lingerMs = this.#streams.takesActions ? LINGER_TAKEN_MS : LINGER_MS
    const waitMs = this.#begunAt + lingerMs - performance.now()
    if (waitMs > 0 && !this.#urgent) await this.#gatherMore(waitMs)
    this.#begunAt = performance.now()
    const publications = this.#gathering
    this.#gathering = []
    this.#underWayText = this.#gatheredText
    this.#gatheredText = 0
    this.#urgent = false
    while (!(await this.#tryToPublish(publications))) {
      if (this.#stopped) {
        this.#gathering.unshift(...publications)
        return false
      }
      await sleep(RETRY_MS, undefined, { ref: false })
    }
    this.#published += publications.length
    this.#underWayText = 0
    return true
  }

  /** Resolves after the time, or as soon as it becomes urgent. */
  async #gatherMore(waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#hurry = resolve
      timer = setTimeout(resolve, waitMs)
    })
    clearTimeout(timer)
  }

  async #tryToPublish(publications: readonly Publication[]): Promise<boolean> {
    try {
      await this.#streams.publish(publications)
      this.#failing = false
      return true
    } catch (error) {
      if (!this.#failing) this.#logger.warn('streams could not be written yet', { error })
      this.#failing = true
      return false
    }
  }
}

/**
 * About how much memory a publication takes: its entries' text, and its actions as long as in the
 * log.
 */
function textOf({ entries, bytes = 0 }: Publication): number {
  let text = bytes
  for (const own of entries.values()) {
    for (const { data } of own) text += data.length
  }
  return text
}
