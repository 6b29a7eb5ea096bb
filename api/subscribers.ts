// The subscribers of streams on this thread. Each gets what is published after its cursor, and its
// entries are read from the store only as fast as it takes them.
import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamFilter, StreamPage, StreamReader } from '../src/engine.ts'
import { type ErrorCode, PulseprintError } from '../src/errors.ts'
import { LIMITS } from '../src/limits.ts'
import { CatchingUp } from './catching-up.ts'
import type { EventStream } from './event-stream.ts'

export interface Subscription {
  stream: string
  cursor: string
  filter: StreamFilter
  /** Name of the API key it came with; undefined if none is needed. */
  key?: string | undefined
}

const RETRY_MS = 1_000
/** Pause before a store that could not be read is asked again. */
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
  readonly #catchingUp = new CatchingUp()
  /** How many subscribers each API key has, by its name. */
  readonly #ofKey = new Map<string, number>()
  /** Ends the wait of each subscriber. */
  readonly #wakes = new Map<EventStream, () => void>()
  #stopped = false

  constructor(streams: StreamReader, max: number = LIMITS.subscribersMax) {
    this.#streams = streams
    this.#max = max
  }

  get count(): number {
    return this.#wakes.size
  }

  /**
   * Errors: OVERLOADED if there are too many subscribers; NOT_READY when stopping.
   * @param key name of the API key of the request; undefined if none is needed
   */
  checkRoom(key: string | undefined): void {
    if (this.#stopped) throw new PulseprintError('NOT_READY', 'the engine is stopping')
    const keyMax = Math.ceil(this.#max * LIMITS.subscribersKeyShare)
    if (this.count >= this.#max) throw overloaded(`this thread has ${this.#max} subscribers already`)
    if (key !== undefined && (this.#ofKey.get(key) ?? 0) >= keyMax)
      throw overloaded(`this thread has ${keyMax} subscribers with this key already`)
  }

  /** Serves the subscriber until it goes, is cut, or `stop` is called. */
  async serve(events: EventStream, { stream, cursor, filter, key }: Subscription): Promise<void> {
    let place = cursor
    let published = true
    let isBehind = true
    let wake = () => {}
    const notify = () => {
      published = true
      wake()
    }
    this.#wakes.set(events, notify)
    this.#count(key, 1)
    const unlisten = this.#streams.onPublished(stream, notify)
    events.onClosed(notify)
    try {
      events.begin(place, RETRY_MS)
      events.beat(() => place)
      while (events.open) {
        published = false
        const page = await this.#next(stream, place, filter, isBehind)
        if (page instanceof PulseprintError) {
          if (page.code !== 'STORAGE_UNAVAILABLE') return cut(events, place, page.code, page.message)
          // An outage does not concern the subscriber: the connection stays, and the stream goes on
          // from the same place.
          await sleep(STORAGE_RETRY_MS, undefined, { ref: false })
          continue
        }
        if (page.entries.length > 0) events.send(page.entries.map(({ cursor: id, data }) => ({ id, data })))
        place = page.cursor
        if (!(await events.taken(LIMITS.streamStallMs))) return cut(events, place, 'SLOW_READER', TOO_SLOW)
        isBehind = page.more
        if (page.more || published) continue
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      unlisten()
      this.#wakes.delete(events)
      this.#count(key, -1)
    }
  }

  #next(stream: string, place: string, filter: StreamFilter, isBehind: boolean) {
    const read = () => this.#read(stream, place, filter)
    return isBehind ? this.#catchingUp.read(read) : read()
  }

  #count(key: string | undefined, change: number): void {
    if (key === undefined) return
    const count = (this.#ofKey.get(key) ?? 0) + change
    if (count > 0) this.#ofKey.set(key, count)
    else this.#ofKey.delete(key)
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

  /** Ends all subscriptions after what was sent, and lets nobody in any more. */
  stop(): void {
    this.#stopped = true
    for (const [events, wake] of this.#wakes) {
      events.stop()
      wake()
    }
  }
}

function overloaded(message: string): PulseprintError {
  return new PulseprintError('OVERLOADED', message, { retryAfterSeconds: 5 })
}

function cut(events: EventStream, cursor: string, code: ErrorCode, message: string): void {
  events.send([{ id: cursor, event: 'cut', data: JSON.stringify({ code, message, cursor }) }])
  events.end(LIMITS.streamStallMs)
}
