// Publishes what log records lead to, each once: a publish names the message that it expects to be the shard's last, so
// that neither an owner of the past nor a repetition can publish anything twice.
import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { asked } from '../runtime/jetstream-ask.ts'
import {
  BATCH_MESSAGES_MAX,
  expectLast,
  JetStreamPublisher,
  type OutgoingMessage,
} from '../runtime/jetstream-publish.ts'
import { messagesOf, sequenceOf } from './jetstream-item-codec.ts'
import type { Publication } from './stream-store.ts'

/** What is known of a shard. */
interface ShardState {
  /** Record that it is published up to. */
  published: number
  /** Place of its last message in the JetStream stream; 0: there is none. */
  last: number
}

/** What goes in together. */
interface Batch {
  messages: OutgoingMessage[]
  /** By shard what will be so once it is in; `last` is an index of `messages`, undefined where none is the shard's. */
  shards: Map<number, { published: number; last: number | undefined }>
}

export class JetStreamPublications {
  readonly #publisher: JetStreamPublisher
  readonly #manager: JetStreamManager
  readonly #stream: string
  readonly #subject: (stream: string, shard: number) => string
  readonly #states = new Map<number, ShardState>()

  /** @param subject of a stream, or `*` for all, and a shard */
  constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    stream: string,
    subject: (stream: string, shard: number) => string,
  ) {
    this.#publisher = new JetStreamPublisher(connection)
    this.#manager = manager
    this.#stream = stream
    this.#subject = subject
  }

  /** Asks for the sequence up to which the shard is published, by whomever. Errors: STORAGE_UNAVAILABLE. */
  async published(shard: number): Promise<number> {
    // From the leader: another replica may not have it yet.
    const last = await asked(
      this.#manager.streams.getMessage(this.#stream, { last_by_subj: this.#subject('*', shard) }),
      'the streams cannot be asked',
    )
    const published = last ? sequenceOf(last.header) : 0
    this.#states.set(shard, { published, last: last?.seq ?? 0 })
    return published
  }

  async publish(publications: readonly Publication[]): Promise<void> {
    const shards = new Set(publications.map(({ shard }) => shard))
    const unknown = [...shards].filter((shard) => !this.#states.has(shard))
    await Promise.all(unknown.map((shard) => this.published(shard)))
    let batch: Batch = { messages: [], shards: new Map() }
    for (const publication of publications) {
      const { shard, sequence } = publication
      const known = batch.shards.get(shard) ?? this.#states.get(shard)!
      if (sequence <= known.published) continue
      const messages = messagesOf(publication, (stream) => this.#subject(stream, shard))
      if (batch.messages.length + messages.length > BATCH_MESSAGES_MAX) {
        await this.#publishBatch(batch)
        batch = { messages: [], shards: new Map() }
      }
      this.#add(batch, publication, messages)
    }
    await this.#publishBatch(batch)
  }

  #add({ messages, shards }: Batch, { shard, sequence }: Publication, added: OutgoingMessage[]): void {
    const before = shards.get(shard)
    if (added.length > 0 && before?.last === undefined) {
      const expected = expectLast(this.#subject('*', shard), this.#states.get(shard)!.last)
      added[0] = { ...added[0]!, headers: { ...added[0]!.headers, ...expected } }
    }
    messages.push(...added)
    shards.set(shard, { published: sequence, last: added.length > 0 ? messages.length - 1 : before?.last })
  }

  async #publishBatch({ messages, shards }: Batch): Promise<void> {
    let first = 0
    if (messages.length > 0) {
      try {
        first = (await this.#publisher.publish(messages)) - messages.length + 1
      } catch (error) {
        // Somebody else has published, or this may be in after all: the next try looks first.
        for (const shard of shards.keys()) this.#states.delete(shard)
        throw error
      }
    }
    for (const [shard, { published, last }] of shards) {
      const state = this.#states.get(shard)!
      this.#states.set(shard, { published, last: last === undefined ? state.last : first + last })
    }
  }
}
