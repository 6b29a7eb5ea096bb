// The newest items of one stream in memory, for as long as somebody subscribes to it: all
// subscribers of a process share one reader, and are woken with the items at hand.

import type { Logger } from '../../../runtime/logger.ts'
import type { StreamItem } from '../../../streams/stream-store.ts'
import type { JetStreamReader, StoredMessage, Subject } from '../jetstream/jetstream-reader.ts'
import { decodeItem } from './jetstream-item-codec.ts'

/** Bytes of the messages kept; decoded they take a few times as much. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024
const RETRY_MS = 1_000

export interface StreamPlaces {
  /** Asks for the number of the stream's newest item; 0: there is none. */
  newest(): Promise<number>
  /** Asks for the number up to which items of the stream were dropped. */
  droppedUpTo(): Promise<number>
}

interface Kept extends StoredMessage {
  /** Decoded for the first who asks. */
  item?: StreamItem
}

export class JetStreamTail {
  readonly #callbacks = new Set<() => void>()
  readonly #ended = new AbortController()
  #kept: Kept[] = []
  #bytes = 0
  #start: number | undefined
  /** Questions under way whether the reader, made anew, has missed anything. */
  #checks = 0

  constructor(reader: Pick<JetStreamReader, 'read'>, subject: Subject, places: StreamPlaces, logger: Logger) {
    this.#run(reader, subject, places).catch((error: unknown) => {
      if (!this.#ended.signal.aborted) logger.error('a stream is no longer read', { ...subject, error })
    })
  }

  /**
   * Number of the newest item that is not kept; all above it are. Undefined until that is known.
   */
  get start(): number | undefined {
    return this.#checks === 0 ? this.#start : undefined
  }

  add(callback: () => void): void {
    this.#callbacks.add(callback)
  }

  /** Gives how many are left. */
  remove(callback: () => void): number {
    this.#callbacks.delete(callback)
    return this.#callbacks.size
  }

  /** The first items above `after`, which is not below `start`. */
  read(after: number, limit: number): StreamItem[] {
    const first = this.#kept.findLastIndex(({ sequence }) => sequence <= after) + 1
    return this.#kept.slice(first, first + limit).map((kept) => {
      kept.item ??= decodeItem(kept.sequence, kept.message)
      return kept.item
    })
  }

  end(): void {
    this.#ended.abort()
  }

  async #run(reader: Pick<JetStreamReader, 'read'>, subject: Subject, places: StreamPlaces): Promise<void> {
    const { signal } = this.#ended
    const [newest, dropped] = await this.#patiently(() =>
      Promise.all([places.newest(), places.droppedUpTo()]),
    )
    const after = Math.max(newest, dropped)
    // The reader's beginning announces what was published before this is known.
    const opened = () => {
      if (this.#start === undefined) this.#start = after
      else this.#check(places).catch(() => {})
      this.#wake()
    }
    for await (const messages of reader.read(subject, after, signal, opened)) {
      for (const message of messages) this.#keep(message)
      this.#wake()
    }
  }

  /**
   * What was trimmed while the reader was away never came. Until that is known, nothing is read
   * from here.
   */
  async #check(places: StreamPlaces): Promise<void> {
    const last = this.#kept.at(-1)?.sequence ?? this.#start ?? 0
    this.#checks += 1
    const dropped = await this.#patiently(() => places.droppedUpTo())
    if (dropped > last) {
      this.#kept = this.#kept.filter(({ sequence }) => sequence > dropped)
      this.#bytes = this.#kept.reduce((bytes, { message }) => bytes + message.data.length, 0)
      this.#start = Math.max(dropped, this.#start ?? 0)
    }
    this.#checks -= 1
    this.#wake()
  }

  /** Asks until there is an answer. */
  async #patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (this.#ended.signal.aborted) throw error
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }

  #keep(message: StoredMessage): void {
    this.#kept.push(message)
    this.#bytes += message.message.data.length
    while (this.#bytes > KEPT_BYTES_MAX && this.#kept.length > 1) {
      const oldest = this.#kept.shift()!
      this.#bytes -= oldest.message.data.length
      this.#start = oldest.sequence
    }
  }

  #wake(): void {
    for (const callback of this.#callbacks) callback()
  }
}
