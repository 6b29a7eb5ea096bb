// Reads the messages of a JetStream subject in order, from a sequence on and for ever. The reader
// keeps the position itself. Whenever the server's consumer is lost, silent or stalled, the reader
// makes a new one at its position.
import { setTimeout as sleep } from 'node:timers/promises'
import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { PulseprintError } from '../../../errors.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { Outage } from '../../../runtime/outage.ts'
import { Pull, type StoredMessage, type Subject } from './jetstream-pull.ts'

const RETRY_MS = 250
/** An election takes no longer, nor does a stream that was just made. Until then, nothing is logged. */
const PATIENCE_MS = 3_000

export type { StoredMessage, Subject }

interface Reading extends Subject {
  after: number
}

export class JetStreamReader {
  readonly #connection: NatsConnection
  readonly #manager: JetStreamManager
  /** Of all that is read here. */
  readonly #outage: Outage<Reading>

  constructor(connection: NatsConnection, manager: JetStreamManager, logger: Logger) {
    this.#connection = connection
    this.#manager = manager
    const words = { begun: 'a stream cannot be read', ended: 'all streams are read again' }
    this.#outage = new Outage(logger, { ...words, patienceMs: PATIENCE_MS })
  }

  /**
   * Yields the messages after sequence `after`, none left out and none twice, until the signal
   * aborts. Errors: STORAGE_UNAVAILABLE once the connection is closed for good.
   * @param opened called for each new consumer, once it brings all that is published from then on
   */
  async *read(
    subject: Subject,
    after: number,
    signal: AbortSignal,
    opened: () => void = () => {},
  ): AsyncGenerator<StoredMessage[]> {
    const reading = { ...subject, after }
    try {
      while (!signal.aborted) {
        try {
          yield* this.#readOnce(reading, signal, opened)
        } catch (error) {
          if (signal.aborted) return
          if (this.#connection.isClosed()) {
            throw new PulseprintError('STORAGE_UNAVAILABLE', 'the connection to NATS is closed')
          }
          this.#outage.failed(reading, { ...reading, error })
          await sleep(RETRY_MS)
        }
      }
    } finally {
      this.#outage.forget(reading)
    }
  }

  /** Reads with one consumer, as long as it lasts, and moves `reading` on. */
  async *#readOnce(
    reading: Reading,
    signal: AbortSignal,
    opened: () => void,
  ): AsyncGenerator<StoredMessage[]> {
    const works = () => this.#outage.worked(reading)
    const pull = new Pull(this.#connection, this.#manager, reading, reading.after, signal)
    try {
      await pull.open()
      opened()
      for (;;) {
        const messages = await pull.next(works)
        if (messages.length === 0) return
        works()
        reading.after = messages.at(-1)!.sequence
        yield messages
      }
    } finally {
      pull.close()
    }
  }
}
