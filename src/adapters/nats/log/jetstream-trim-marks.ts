// Notes up to where each shard of the log was trimmed. The marks have a stream of their own, because
// the streams of the log may be full when a mark is needed.
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import type { StoreIdentity } from '../../../model/store-identity.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { asked } from '../jetstream/jetstream-ask.ts'
import { expectLast, type JetStreamPublisher } from '../jetstream/jetstream-publish.ts'
import { ensureStream } from '../jetstream/jetstream-stream.ts'

export interface TrimMark {
  /** Of the log; 0 if the shard was never trimmed. */
  sequence: number
  /** Place of the mark in its own stream. */
  at: number
}

export class TrimMarks {
  readonly #manager: JetStreamManager
  readonly #publisher: JetStreamPublisher
  readonly #prefix: string

  constructor(manager: JetStreamManager, publisher: JetStreamPublisher, prefix: string) {
    this.#manager = manager
    this.#publisher = publisher
    this.#prefix = prefix
  }

  /** Makes the stream if it is not there. Errors: STORE_MISMATCH, STORAGE_UNAVAILABLE. */
  async ensure(common: Partial<StreamConfig>, identity: StoreIdentity, logger: Logger): Promise<void> {
    const wanted = { ...common, name: this.#stream, subjects: [this.#subject('*')], max_msgs_per_subject: 1 }
    await ensureStream(this.#manager, wanted, identity, logger)
  }

  async of(shard: number): Promise<TrimMark> {
    const query = { last_by_subj: this.#subject(shard) }
    const found = await asked(this.#manager.streams.getMessage(this.#stream, query), 'the log cannot be read')
    return found ? { sequence: Number(found.string()), at: found.seq } : { sequence: 0, at: 0 }
  }

  /** @param before the shard's newest mark so far */
  async set(shard: number, sequence: number, before: TrimMark): Promise<void> {
    const subject = this.#subject(shard)
    const message = {
      subject,
      payload: Buffer.from(String(sequence)),
      headers: expectLast(subject, before.at),
    }
    await this.#publisher.publish([message])
  }

  get #stream(): string {
    return `${this.#prefix}-log-trimmed`
  }

  #subject(shard: number | '*'): string {
    return `${this.#prefix}.log-trimmed.${shard}`
  }
}
