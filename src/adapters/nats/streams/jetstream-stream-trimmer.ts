// Drops the oldest items of a shard from the JetStream stream that holds all streams. Up to which
// number a stream's items were dropped is kept in a small JetStream stream of its own: the other
// may be full just then.
import { type JetStreamManager, StorageType } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { StoreIdentity } from '../../../model/store-identity.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { asked } from '../jetstream/jetstream-ask.ts'
import { expectLast, JetStreamPublisher } from '../jetstream/jetstream-publish.ts'
import { ensureStream } from '../jetstream/jetstream-stream.ts'
import { sequenceOf } from './jetstream-item-codec.ts'
import { nextItem } from './jetstream-next-item.ts'

const UNTRIMMED = 'the streams could not be trimmed'
/**
 * Shards that are trimmed at a time get in each other's way, and each time one of them succeeds.
 */
const NOTE_TRIES_MAX = 300

export interface TrimmedStream {
  prefix: string
  replicas: number
  /** The JetStream stream that holds the items. */
  name: string
  /** Of a stream, or `*` for all, and a shard. */
  subject(stream: string, shard: number): string
}

export class JetStreamStreamTrimmer {
  readonly #publisher: JetStreamPublisher
  readonly #manager: JetStreamManager
  readonly #of: TrimmedStream

  constructor(connection: NatsConnection, manager: JetStreamManager, of: TrimmedStream) {
    this.#publisher = new JetStreamPublisher(connection)
    this.#manager = manager
    this.#of = of
  }

  /** Errors: STORE_MISMATCH, STORAGE_UNAVAILABLE. */
  async open(identity: StoreIdentity, logger: Logger): Promise<void> {
    const wanted = {
      name: this.#notes,
      subjects: [this.#note('*')],
      storage: StorageType.File,
      num_replicas: this.#of.replicas,
      deny_delete: true,
      max_msgs_per_subject: 1,
    }
    await ensureStream(this.#manager, wanted, identity, logger)
  }

  /** See StreamStore. */
  async trim(shard: number, sequence: number): Promise<number> {
    const { name, subject } = this.#of
    const all = subject('*', shard)
    const cut = await asked(this.#cut(all, sequence), UNTRIMMED)
    if (cut === undefined) return sequence
    const dropped = await asked(this.#newestBefore(all, cut), UNTRIMMED)
    // Told before it is done: never may a stream seem to hold what it does not.
    for (const [stream, number] of dropped) await this.#noteDropped(stream, number)
    await asked(this.#manager.streams.purge(name, { filter: all, seq: cut }), UNTRIMMED)
    return sequence
  }

  /** Number of the newest item of the stream that was dropped; 0: none was. */
  async droppedUpTo(stream: string): Promise<number> {
    return (await this.#noted(stream)).number
  }

  /**
   * Number of the shard's first item that stays: the first above `sequence`, or its newest.
   * Undefined if nothing is to go.
   */
  async #cut(all: string, sequence: number): Promise<number | undefined> {
    const first = await this.#next(all, 1)
    if (!first || sequenceOf(first.header) > sequence) return undefined
    const newest = await this.#manager.streams.getMessage(this.#of.name, { last_by_subj: all })
    if (!newest || newest.seq === first.seq) return undefined
    if (sequenceOf(newest.header) <= sequence) return newest.seq
    // Items of the shard up to `low` go, and the first from `high` on, number `cut`, stays.
    let [low, high, cut] = [first.seq, newest.seq, newest.seq]
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2)
      const item = await this.#next(all, middle)
      if (item && sequenceOf(item.header) <= sequence) low = item.seq
      else {
        high = middle
        cut = item?.seq ?? cut
      }
    }
    return cut
  }

  /** By stream the number of its newest item of the shard below `cut`. */
  async #newestBefore(all: string, cut: number): Promise<Map<string, number>> {
    const { name } = this.#of
    const { state } = await this.#manager.streams.info(name, { subjects_filter: all })
    const newest = new Map(Object.keys(state.subjects ?? {}).map((subject) => [subject, 0]))
    const which = { multi_last: [all], up_to_seq: cut - 1 }
    for await (const { subject, seq } of await this.#manager.direct.getLastMessagesFor(name, which))
      newest.set(subject, seq)
    const found = new Map<string, number>()
    for (const [subject, number] of newest) {
      // Any replica may have answered; the leader tells what one that lags does not have.
      let last = number
      for (let next = await this.#next(subject, 1 + last); next && next.seq < cut; ) {
        last = next.seq
        next = await this.#next(subject, 1 + last)
      }
      if (last > 0) found.set(this.#streamOf(subject), last)
    }
    return found
  }

  async #noteDropped(stream: string, number: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const noted = await this.#noted(stream)
      if (noted.number >= number) return
      const subject = this.#note(stream)
      const payload = Buffer.from(String(number))
      try {
        await this.#publisher.publish([{ subject, payload, headers: expectLast(subject, noted.at) }])
        return
      } catch (error) {
        const other = await this.#noted(stream)
        if (other.at === noted.at || tries === NOTE_TRIES_MAX) throw error
      }
    }
  }

  async #noted(stream: string): Promise<{ number: number; at: number }> {
    const subject = this.#note(stream)
    const found = await asked(
      this.#manager.streams.getMessage(this.#notes, { last_by_subj: subject }),
      'the streams cannot be asked',
    )
    return found ? { number: Number(found.string()), at: found.seq } : { number: 0, at: 0 }
  }

  #next(subject: string, number: number) {
    return nextItem(this.#manager, this.#of.name, subject, number)
  }

  get #notes(): string {
    return `${this.#of.name}-trimmed`
  }

  #note(stream: string): string {
    return `${this.#of.prefix}.stream-trimmed.${stream}`
  }

  #streamOf(subject: string): string {
    return subject.slice(`${this.#of.prefix}.stream.`.length, subject.lastIndexOf('.'))
  }
}
