// Publishes what log records lead to, each once: a publish names the message that it expects to be
// the shard's last, so that neither an owner of the past nor a repetition can publish anything
// twice.
import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { settled } from '../../../runtime/settled.ts'
import type { Publication } from '../../../streams/stream-store.ts'
import { asked } from '../jetstream/jetstream-ask.ts'
import {
  BATCH_MESSAGES_MAX,
  expectLast,
  JetStreamPublisher,
  type OutgoingMessage,
} from '../jetstream/jetstream-publish.ts'
import { messagesOf, sequenceOf } from './jetstream-item-codec.ts'

/** Actions after which no more records join in one item: about as much text as an item holds. */
const ITEM_ACTIONS_MAX = 256

/** What is known of a shard. */
interface ShardState {
  /** Record that it is published up to. */
  published: number
  /** Place of its last message in the JetStream stream; 0: there is none. */
  last: number
}

/** A publication on its way. */
interface Outgoing {
  shard: number
  /** Of the record. */
  sequence: number
  messages: OutgoingMessage[]
}

/** What goes in together. */
interface Batch {
  messages: OutgoingMessage[]
  /**
   * By shard what will be so once it is in; `last` is an index of `messages`, undefined if none is
   * the shard's.
   */
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

  /**
   * Asks for the sequence up to which the shard is published, by whomever. Errors:
   * STORAGE_UNAVAILABLE.
   */
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
    const outgoing = this.#unpublished(publications)
    const byShard = Map.groupBy(outgoing, ({ shard }) => shard)
    // A server stages an atomic batch apart first, which takes it longer than what a batch saves.
    const isAlone = (shard: number) => messagesIn(byShard.get(shard)!) <= 1
    const alone = [...byShard].filter(([shard]) => isAlone(shard))
    await settled([
      ...alone.map(([, own]) => this.#publishBatch(batchOf(own, this.#expected))),
      this.#publishTogether(outgoing.filter(({ shard }) => !isAlone(shard))),
    ])
  }

  #unpublished(publications: readonly Publication[]): Outgoing[] {
    const groups: Publication[][] = []
    /** By shard its last group. */
    const open = new Map<number, Publication[]>()
    for (const publication of publications) {
      const { shard, sequence } = publication
      const group = open.get(shard)
      const before = group?.at(-1)?.sequence ?? this.#states.get(shard)!.published
      if (sequence <= before) continue
      if (group && canJoin(group, publication)) group.push(publication)
      else {
        const next = [publication]
        open.set(shard, next)
        groups.push(next)
      }
    }
    return groups.map((group) => {
      const { shard, sequence } = group.at(-1)!
      return { shard, sequence, messages: messagesOf(group, (stream) => this.#subject(stream, shard)) }
    })
  }

  async #publishTogether(outgoing: readonly Outgoing[]): Promise<void> {
    let first = 0
    let count = 0
    for (const [place, { messages }] of outgoing.entries()) {
      if (count + messages.length > BATCH_MESSAGES_MAX) {
        await this.#publishBatch(batchOf(outgoing.slice(first, place), this.#expected))
        first = place
        count = 0
      }
      count += messages.length
    }
    await this.#publishBatch(batchOf(outgoing.slice(first), this.#expected))
  }

  /** What the shard's next message names as the one before it. */
  readonly #expected = (shard: number) => expectLast(this.#subject('*', shard), this.#states.get(shard)!.last)

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

/** @param expected headers of the first message of a shard */
function batchOf(
  outgoing: readonly Outgoing[],
  expected: (shard: number) => Readonly<Record<string, string>>,
): Batch {
  const { messages, shards }: Batch = { messages: [], shards: new Map() }
  for (const { shard, sequence, messages: added } of outgoing) {
    const before = shards.get(shard)?.last
    messages.push(...added)
    if (added.length > 0 && before === undefined) {
      const place = messages.length - added.length
      const first = added[0]!
      messages[place] = { ...first, headers: { ...first.headers, ...expected(shard) } }
    }
    shards.set(shard, { published: sequence, last: added.length > 0 ? messages.length - 1 : before })
  }
  return { messages, shards }
}

function messagesIn(outgoing: readonly Outgoing[]): number {
  return outgoing.reduce((count, { messages }) => count + messages.length, 0)
}

/**
 * What leads to actions only shares an item with others of its shard: a message costs a server far
 * more than what it carries.
 */
function canJoin(group: readonly Publication[], publication: Publication): boolean {
  if (![group[0]!, publication].every(isActionsOnly)) return false
  const actions = group.reduce((count, { actions }) => count + (actions?.length ?? 0), 0)
  return actions < ITEM_ACTIONS_MAX
}

function isActionsOnly({ refused, entries }: Publication): boolean {
  return refused !== undefined && entries.size === 0
}
