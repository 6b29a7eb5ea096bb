// The subscribers of streams on this thread: each gets what is published after its cursor, read
// from the store only as fast as it takes it.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { StreamFilter, StreamPage, StreamReader } from '../src/engine.ts'
import { type ErrorCode, PulseprintError } from '../src/errors.ts'
import { LIMITS } from '../src/limits.ts'
import type { EventStream } from './event-stream.ts'

export interface Subscription {
  stream: string
  cursor: string
  filter: StreamFilter
}

const RETRY_MS = 1_000
/** How soon a store that could not be read is asked again. */
const STORAGE_RETRY_MS = 500
const PASSED_ON: ReadonlySet<ErrorCode> = new Set([
  'STORAGE_UNAVAILABLE',
  'CURSOR_TOO_OLD',
  'INVALID_REQUEST',
])
const TOO_SLOW = 'nothing was taken for too long; go on after the cursor'

export class Subscribers {
  readonly #streams: StreamReader
  readonly #max: number
  /** Ends each one's wait. */
  readonly #wakes = new Map<EventStream, () => void>()
  #stopped = false

  constructor(streams: StreamReader, max: number = LIMITS.subscribersMax) {
    this.#streams = streams
    this.#max = max
  }

  get count(): number {
    return this.#wakes.size
  }

  /** Throws OVERLOADED if there are too many, NOT_READY when stopping. */
  checkRoom(): void {
    if (this.#stopped) throw new PulseprintError('NOT_READY', 'the engine is stopping')
    if (this.count < this.#max) return
    const message = `this thread has ${this.#max} subscribers already`
    throw new PulseprintError('OVERLOADED', message, { retryAfterSeconds: 5 })
  }

  /** Serves the subscriber until it goes, is cut, or `stop`. */
  async serve(events: EventStream, { stream, cursor, filter }: Subscription): Promise<void> {
    let place = cursor
    let published = true
    let wake = () => {}
    const notify = () => {
      published = true
      wake()
    }
    this.#wakes.set(events, notify)
    const unlisten = this.#streams.onPublished(stream, notify)
    events.onClosed(notify)
    try {
      events.begin(place, RETRY_MS)
      events.beat(() => place)
      while (events.open) {
        published = false
        const page = await this.#read(stream, place, filter)
        if (page instanceof PulseprintError) {
          if (page.code !== 'STORAGE_UNAVAILABLE') return cut(events, place, page.code, page.message)
          // An outage is not the subscriber's affair: the connection stays, and the stream goes on
          // from the same place.
          await sleep(STORAGE_RETRY_MS, undefined, { ref: false })
          continue
        }
        if (page.entries.length > 0) events.send(page.entries.map(({ cursor: id, data }) => ({ id, data })))
        place = page.cursor
        if (!(await events.taken(LIMITS.streamStallMs))) return cut(events, place, 'SLOW_READER', TOO_SLOW)
        if (page.more) {
          // If nothing was sent, nothing has waited: others have their turn before the next page.
          await nextTurn()
          continue
        }
        if (published) continue
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      unlisten()
      this.#wakes.delete(events)
    }
  }

  /**
   * The next page; or that the store cannot be read now, that what comes next is no longer held, or
   * that the place is none, which could not be found out while the store was away.
   */
  async #read(stream: string, place: string, filter: StreamFilter): Promise<StreamPage | PulseprintError> {
    try {
      return await this.#streams.read(stream, place, filter, LIMITS.streamPageEntriesMax)
    } catch (error) {
      if (error instanceof PulseprintError && PASSED_ON.has(error.code)) return error
      throw error
    }
  }

  /** Ends all after what was sent; nobody is let in any more. */
  stop(): void {
    this.#stopped = true
    for (const [events, wake] of this.#wakes) {
      events.stop()
      wake()
    }
  }
}

function cut(events: EventStream, cursor: string, code: ErrorCode, message: string): void {
  events.send([{ id: cursor, event: 'cut', data: JSON.stringify({ code, message, cursor }) }])
  events.end(LIMITS.streamStallMs)
}
