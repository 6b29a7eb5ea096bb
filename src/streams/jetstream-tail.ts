// The newest items of one stream in memory, for as long as somebody subscribes to it: all subscribers of a process share
// one reader, and are woken with the items at hand.
import type { JetStreamReader, StoredMessage, Subject } from '../runtime/jetstream-reader.ts'
import type { Logger } from '../runtime/logger.ts'
import { decodeItem } from './jetstream-item-codec.ts'
import type { StreamItem } from './stream-store.ts'

/** Bytes of the messages kept; decoded they take a few times as much. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024
const RETRY_MS = 1_000

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

  /** @param newest asks for the number of the stream's newest item */
  constructor(reader: JetStreamReader, subject: Subject, newest: () => Promise<number>, logger: Logger) {
    this.#run(reader, subject, newest).catch((error: unknown) => {
      if (!this.#ended.signal.aborted) logger.error('a stream is no longer read', { ...subject, error })
    })
  }

  /** Number of the newest item that is not kept; all above it are. Undefined until that is known. */
  get start(): number | undefined {
    return this.#start
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

  async #run(reader: JetStreamReader, subject: Subject, newest: () => Promise<number>): Promise<void> {
    const { signal } = this.#ended
    const after = await this.#patiently(newest)
    // What was published before this is known is told of when the reader has begun.
    const opened = () => {
      this.#start ??= after
      this.#wake()
    }
    for await (const messages of reader.read(subject, after, signal, opened)) {
      for (const message of messages) this.#keep(message)
      this.#wake()
    }
  }

  async #patiently(newest: () => Promise<number>): Promise<number> {
    for (;;) {
      try {
        return await newest()
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
