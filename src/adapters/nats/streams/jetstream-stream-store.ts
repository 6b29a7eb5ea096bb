// The stream store on JetStream: one JetStream stream, a subject for each stream and shard. An
// item's number is its place there. Subscribers of a process share one reader per stream; what is
// older than it keeps is asked for.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DiscardPolicy,
  JetStreamError,
  type JetStreamManager,
  jetstreamManager,
  StorageType,
  type StoredMsg,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { StoreIdentity } from '../../../model/store-identity.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { Publication, StreamItem, StreamStore } from '../../../streams/stream-store.ts'
import { asked, askedOfStream } from '../jetstream/jetstream-ask.ts'
import { JetStreamReader } from '../jetstream/jetstream-reader.ts'
import { ensureStream } from '../jetstream/jetstream-stream.ts'
import { decodeItem } from './jetstream-item-codec.ts'
import { nextItem } from './jetstream-next-item.ts'
import { JetStreamPublications } from './jetstream-publications.ts'
import { JetStreamStreamTrimmer } from './jetstream-stream-trimmer.ts'
import { JetStreamTail } from './jetstream-tail.ts'

export interface JetStreamStreamsOptions {
  /**
   * First token of every subject and name: `pulseprint`, or that of another engine on the same
   * servers.
   */
  prefix: string
  /** 3 in a cluster. */
  replicas: number
  /**
   * Bytes of all streams together; once they are full, publishing is refused. -1: as much as the
   * servers give.
   */
  streamBytesMax: number
}

/** A replica that lags behind is asked again so often, after a pause. */
const TRIES_MAX = 20
const RETRY_MS = 50

const UNREADABLE = 'the streams cannot be read'

export class JetStreamStreamStore implements StreamStore {
  readonly takesActions = true
  readonly countsAll = false
  readonly #manager: JetStreamManager
  readonly #reader: JetStreamReader
  readonly #publications: JetStreamPublications
  readonly #trimmer: JetStreamStreamTrimmer
  readonly #logger: Logger
  readonly #prefix: string
  readonly #name: string
  /** By stream, while somebody subscribes to it. */
  readonly #tails = new Map<string, JetStreamTail>()

  private constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    { prefix, replicas }: JetStreamStreamsOptions,
    logger: Logger,
  ) {
    this.#manager = manager
    this.#reader = new JetStreamReader(connection, manager, logger)
    this.#logger = logger
    this.#prefix = prefix
    this.#name = `${prefix}-streams`
    const subject = (stream: string, shard: number) => this.#subject(stream, shard)
    this.#publications = new JetStreamPublications(connection, manager, this.#name, subject)
    const trimmed = { prefix, replicas, name: this.#name, subject }
    this.#trimmer = new JetStreamStreamTrimmer(connection, manager, trimmed)
  }

  /**
   * Opens the store, or makes it. Errors: STORE_MISMATCH when it was made with another identity;
   * STORAGE_UNAVAILABLE.
   * @param connection stays the caller's to close
   */
  static async open(
    connection: NatsConnection,
    identity: StoreIdentity,
    options: JetStreamStreamsOptions,
    logger: Logger,
  ): Promise<JetStreamStreamStore> {
    const manager = await jetstreamManager(connection, { checkAPI: false })
    const store = new JetStreamStreamStore(connection, manager, options, logger)
    const wanted = {
      name: store.#name,
      subjects: [store.#subject('*', '*')],
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: options.streamBytesMax,
      num_replicas: options.replicas,
      deny_delete: true,
      allow_atomic: true,
      allow_direct: true,
    }
    await ensureStream(manager, wanted, identity, logger)
    await store.#trimmer.open(identity, logger)
    return store
  }

  published(shard: number): Promise<number> {
    return this.#publications.published(shard)
  }

  publish(publications: readonly Publication[]): Promise<void> {
    return this.#publications.publish(publications)
  }

  /** An acknowledged message is on the disk. */
  async flushed(): Promise<void> {}

  trim(shard: number, sequence: number): Promise<number> {
    return this.#trimmer.trim(shard, sequence)
  }

  async hasDropped(stream: string, after: number): Promise<boolean> {
    // All that is above its start is in memory, whatever the servers have dropped.
    const start = this.#tails.get(stream)?.start
    if (start !== undefined && after >= start) return false
    return (await this.#trimmer.droppedUpTo(stream)) > after
  }

  async read(stream: string, after: number, limit: number): Promise<StreamItem[]> {
    const tail = this.#tails.get(stream)
    const start = tail?.start
    if (tail && start !== undefined && after >= start) return tail.read(after, limit)
    const end = start ?? (await this.#newest(stream))
    return asked(this.#readStored(stream, after, limit, end), UNREADABLE)
  }

  /**
   * Any replica may answer, one that lags too: asks again until all is there up to the number
   * `end`.
   */
  async #readStored(stream: string, after: number, limit: number, end: number): Promise<StreamItem[]> {
    const items: StreamItem[] = []
    let position = after
    let tries = 0
    while (position < end && items.length < limit && tries < TRIES_MAX) {
      const found = await this.#storedAfter(stream, position, limit - items.length)
      for (const { seq, subject, header, data } of found) {
        items.push(decodeItem(seq, { subject, headers: header, data }))
        position = seq
      }
      tries = found.length > 0 ? 0 : tries + 1
      if (tries === 0) continue
      // The leader knows whether there is any: items go when they are trimmed, that of `end` too.
      const next = await nextItem(this.#manager, this.#name, this.#subject(stream, '*'), position + 1)
      if (!next || next.seq > end) break
      await sleep(RETRY_MS)
    }
    return items
  }

  async #storedAfter(stream: string, after: number, limit: number): Promise<StoredMsg[]> {
    const found: StoredMsg[] = []
    const which = { seq: after + 1, batch: limit, next_by_subj: this.#subject(stream, '*') }
    try {
      for await (const message of await this.#manager.direct.getBatch(this.#name, which)) found.push(message)
    } catch (error) {
      // NATS answers with an error if there is none.
      if (!(error instanceof JetStreamError && error.message === 'message not found')) throw error
    }
    return found
  }

  /**
   * A new leader may not have come yet to all that the one before it gave out: it is asked again
   * for a while.
   */
  async head(atLeast = 0): Promise<number> {
    for (let tries = 1; ; tries++) {
      const { state } = await askedOfStream(this.#manager, this.#name, UNREADABLE)
      if (state.last_seq >= atLeast || tries === TRIES_MAX) return state.last_seq
      await sleep(RETRY_MS)
    }
  }

  onPublished(stream: string, callback: () => void): () => void {
    const tail = this.#tails.get(stream) ?? this.#openTail(stream)
    // Calls end one by one, also where two have the same function.
    const own = () => callback()
    tail.add(own)
    return () => {
      if (tail.remove(own) > 0) return
      tail.end()
      if (this.#tails.get(stream) === tail) this.#tails.delete(stream)
    }
  }

  #openTail(stream: string): JetStreamTail {
    const subject = { stream: this.#name, filter: this.#subject(stream, '*') }
    const places = {
      newest: () => this.#newest(stream),
      droppedUpTo: () => this.#trimmer.droppedUpTo(stream),
    }
    const tail = new JetStreamTail(this.#reader, subject, places, this.#logger)
    this.#tails.set(stream, tail)
    return tail
  }

  async close(): Promise<void> {
    for (const tail of this.#tails.values()) tail.end()
    this.#tails.clear()
  }

  #subject(stream: string, shard: number | '*'): string {
    return `${this.#prefix}.stream.${stream}.${shard}`
  }

  /**
   * Number of the stream's newest item; from the leader, because another replica may not have it
   * yet.
   */
  async #newest(stream: string): Promise<number> {
    const subject = this.#subject(stream, '*')
    const found = await asked(
      this.#manager.streams.getMessage(this.#name, { last_by_subj: subject }),
      UNREADABLE,
    )
    return found?.seq ?? 0
  }
}
