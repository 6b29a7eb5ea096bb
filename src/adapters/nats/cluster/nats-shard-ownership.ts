// Ownership in a cluster. One JetStream stream holds the owner of each shard. It is written by
// compare-and-set, and all nodes follow it. The membership knows who is alive; the keeper decides who
// should own what.
import {
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  StorageType,
  type StreamState,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { PulseprintError } from '../../../errors.ts'
import type { StoreIdentity } from '../../../model/store-identity.ts'
import type { NodeInstance, ShardOwner, ShardOwnership } from '../../../ownership/shard-ownership.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { asked } from '../jetstream/jetstream-ask.ts'
import { expectLast, JetStreamPublisher } from '../jetstream/jetstream-publish.ts'
import { JetStreamReader, type StoredMessage } from '../jetstream/jetstream-reader.ts'
import { ensureStream } from '../jetstream/jetstream-stream.ts'

export interface NatsOwnershipOptions {
  prefix: string
  /** 3 in a cluster. */
  replicas: number
}

interface Held {
  owner: ShardOwner
  /** Sequence of the message that says so. */
  at: number
}

export class NatsShardOwnership implements ShardOwnership {
  readonly self: NodeInstance
  readonly #prefix: string
  readonly #shards: number
  readonly #manager: JetStreamManager
  readonly #publisher: JetStreamPublisher
  readonly #held = new Map<number, Held>()
  readonly #listeners = new Set<() => void>()
  readonly #closing = new AbortController()

  private constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    prefix: string,
    shards: number,
    self: NodeInstance,
  ) {
    this.self = self
    this.#shards = shards
    this.#prefix = prefix
    this.#manager = manager
    this.#publisher = new JetStreamPublisher(connection)
  }

  /**
   * Opens the store, or makes it; resolves when all owners are known. Errors: STORE_MISMATCH when
   * it was made with another identity; STORAGE_UNAVAILABLE.
   * @param connection stays the caller's to close
   */
  static async open(
    connection: NatsConnection,
    identity: StoreIdentity,
    { prefix, replicas }: NatsOwnershipOptions,
    self: NodeInstance,
    logger: Logger,
  ): Promise<NatsShardOwnership> {
    const manager = await jetstreamManager(connection, { checkAPI: false })
    const ownership = new NatsShardOwnership(connection, manager, prefix, identity.shards, self)
    const wanted = {
      name: ownership.stream,
      subjects: [ownership.#subject('*')],
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      num_replicas: replicas,
      deny_delete: true,
    }
    const { state } = await ensureStream(manager, wanted, identity, logger)
    await ownership.#follow(new JetStreamReader(connection, manager, logger), state, logger)
    return ownership
  }

  async claim(shard: number, after: number, owner = this.self): Promise<number> {
    const held = this.#held.get(shard)
    const epoch = Math.max(after, held?.owner.epoch ?? 0) + 1
    const subject = this.#subject(shard)
    const claimed = { node: owner.node, instance: owner.instance, epoch }
    const message = {
      subject,
      payload: Buffer.from(JSON.stringify(claimed)),
      headers: expectLast(subject, held?.at ?? 0),
    }
    try {
      const at = await this.#publisher.publish([message])
      this.#take(shard, { owner: claimed, at })
      return epoch
    } catch (error) {
      if (!(error as Error).message.includes('wrong last sequence')) throw error
      throw new PulseprintError('NOT_OWNER', `shard ${shard} was claimed by another node meanwhile`)
    }
  }

  ownerOf(shard: number): ShardOwner | undefined {
    return this.#held.get(shard)?.owner
  }

  onChanged(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  /**
   * Resolves when this node knows every owner that there is by now, also if it could not read for a
   * while. Errors: STORAGE_UNAVAILABLE.
   */
  async catchUp(): Promise<void> {
    const shards = Array.from({ length: this.#shards }, (_, shard) => shard)
    await Promise.all(
      shards.map(async (shard) => {
        const which = { last_by_subj: this.#subject(shard) }
        const found = this.#manager.streams.getMessage(this.stream, which)
        const message = await asked(found, 'the owners cannot be read')
        if (message) this.#take(shard, { owner: message.json<ShardOwner>(), at: message.seq })
      }),
    )
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  /** Reads all that is there, and goes on reading in the background. */
  async #follow(
    reader: JetStreamReader,
    { messages: there, last_seq: last }: StreamState,
    logger: Logger,
  ): Promise<void> {
    const { signal } = this.#closing
    const known = Promise.withResolvers<void>()
    if (there === 0) known.resolve()
    const subject = { stream: this.stream, filter: this.#subject('*') }
    const run = async () => {
      for await (const messages of reader.read(subject, 0, signal)) {
        for (const message of messages) this.#read(message)
        if (messages.at(-1)!.sequence >= last) known.resolve()
      }
    }
    run().catch((error: unknown) => {
      known.reject(error)
      if (!signal.aborted) logger.error('this node no longer reads who owns the shards', { error })
    })
    await known.promise
  }

  #read({ sequence, message }: StoredMessage): void {
    const shard = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1))
    this.#take(shard, { owner: message.json<ShardOwner>(), at: sequence })
  }

  #take(shard: number, held: Held): void {
    // An own claim is known before it is read.
    if (held.at <= (this.#held.get(shard)?.at ?? 0)) return
    this.#held.set(shard, held)
    for (const listener of this.#listeners) listener()
  }

  /** Name of the JetStream stream that keeps the owners. */
  get stream(): string {
    return `${this.#prefix}-owners`
  }

  #subject(shard: number | '*'): string {
    return `${this.#prefix}.owners.${shard}`
  }
}
