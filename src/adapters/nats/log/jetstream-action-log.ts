// The action log on JetStream: a subject for each shard, spread over a few streams. A record's
// sequence is its place in the stream, so a shard has gaps.
import { setTimeout as sleep } from 'node:timers/promises'
import { DiscardPolicy, type JetStreamManager, jetstreamManager, StorageType } from '@nats-io/jetstream'
import { type NatsConnection, nuid } from '@nats-io/transport-node'
import type { ActionLog, AppendEntry, LogRecord } from '../../../log/action-log.ts'
import type { StoreIdentity } from '../../../model/store-identity.ts'
import type { Logger } from '../../../runtime/logger.ts'
import { settled } from '../../../runtime/settled.ts'
import { asked, askedOfStream } from '../jetstream/jetstream-ask.ts'
import { expectLast, JetStreamPublisher } from '../jetstream/jetstream-publish.ts'
import { JetStreamReader } from '../jetstream/jetstream-reader.ts'
import { ensureStream } from '../jetstream/jetstream-stream.ts'
import { Handover } from './jetstream-handover.ts'
import { LogFence } from './jetstream-log-fence.ts'
import { bufferOf, messagesOf, partOf, RecordJoiner } from './jetstream-parts.ts'
import { TrimMarks } from './jetstream-trim-marks.ts'

export interface JetStreamLogOptions {
  /** First token of every subject and name; another engine on the same servers has another. */
  prefix: string
  /** Streams that the shards are spread over; fixed when the log is made. */
  streams: number
  /** 3 in a cluster. */
  replicas: number
  /** Bytes of each stream; a full one refuses. -1: as much as the servers give. */
  streamBytesMax: number
}

/** After this time, a leader that was just elected knows all that the one before acknowledged. */
const HEAD_SETTLES_MS = 1_000
const TOKEN = 'Pulseprint-Append'
const UNREADABLE = 'the log cannot be read'

export class JetStreamActionLog implements ActionLog {
  readonly #publisher: JetStreamPublisher
  readonly #manager: JetStreamManager
  readonly #reader: JetStreamReader
  readonly #trimMarks: TrimMarks
  readonly #shards: number
  readonly #options: JetStreamLogOptions
  readonly #handover = new Handover(nuid.next())
  readonly #fence = new LogFence(async (shard) => {
    const newest = await this.#newest(shard)
    return newest && { sequence: newest.seq, isOwn: this.#handover.isOwn(newest.header?.get(TOKEN)) }
  })
  readonly onFenced = (callback: (shard: number) => void) => this.#fence.onFenced(callback)
  /** Followers of this process by shard. */
  readonly #followers = new Map<number, number>()
  readonly #closing = new AbortController()

  private constructor(
    connection: NatsConnection,
    manager: JetStreamManager,
    shards: number,
    options: JetStreamLogOptions,
    logger: Logger,
  ) {
    this.#publisher = new JetStreamPublisher(connection)
    this.#manager = manager
    this.#reader = new JetStreamReader(connection, manager, logger)
    this.#trimMarks = new TrimMarks(manager, this.#publisher, options.prefix)
    this.#shards = shards
    this.#options = options
  }

  /**
   * Opens the log, or makes it. Errors: STORE_MISMATCH when it was made with another identity or
   * number of streams; STORAGE_UNAVAILABLE.
   * @param connection stays the caller's to close
   */
  static async open(
    connection: NatsConnection,
    identity: StoreIdentity,
    options: JetStreamLogOptions,
    logger: Logger,
  ): Promise<JetStreamActionLog> {
    const manager = await jetstreamManager(connection, { checkAPI: false })
    const log = new JetStreamActionLog(connection, manager, identity.shards, options, logger)
    const common = { num_replicas: options.replicas, storage: StorageType.File, deny_delete: true }
    const shards = Array.from({ length: identity.shards }, (_, shard) => shard)
    for (let index = 0; index < options.streams; index++) {
      const wanted = {
        ...common,
        name: `${options.prefix}-log-${index}`,
        subjects: shards
          .filter((shard) => shard % options.streams === index)
          .map((shard) => log.#subject(shard)),
        discard: DiscardPolicy.New,
        max_bytes: options.streamBytesMax,
        allow_atomic: true,
      }
      await ensureStream(manager, wanted, { ...identity, streams: options.streams }, logger)
    }
    await log.#trimMarks.ensure(common, identity, logger)
    return log
  }

  /** The records of one stream are written one after the other. */
  get lanes(): number {
    return this.#options.streams
  }

  /**
   * A new leader may not know yet all that the one before acknowledged. Once it has taken a record,
   * it does.
   */
  async claim(shard: number, opening: Uint8Array): Promise<number> {
    try {
      const [sequence] = await this.#append([{ shard, payload: opening }], true)
      return sequence as number
    } catch {
      // A full log takes no record from anybody, and only its owner can trim it. So after a while
      // its head is final.
      await this.head(shard)
      await sleep(HEAD_SETTLES_MS, undefined, { ref: false })
      return this.head(shard)
    }
  }

  append(entries: readonly AppendEntry[]): Promise<number[]> {
    return this.#append(entries, false)
  }

  /**
   * Publishes each record by itself: an atomic batch costs a server more than it saves.
   * @param begins they are the first records of an owner
   */
  async #append(entries: readonly AppendEntry[], begins: boolean): Promise<number[]> {
    const tokens: string[] = []
    const sequences: number[] = []
    const publishes = entries.map(async ({ shard, payload, decoded }, entry) => {
      const offered = this.#followers.has(shard) ? decoded : undefined
      const token = this.#handover.offer(offered, payload.length)
      tokens.push(token)
      const subject = this.#subject(shard)
      sequences[entry] = await this.#fence.append(shard, begins, (last) => {
        const expected = last === undefined ? {} : expectLast(subject, last)
        return this.#publisher.publish(messagesOf(subject, payload, { [TOKEN]: token }, expected))
      })
    })
    try {
      await settled(publishes)
      return sequences
    } catch (error) {
      for (const token of tokens) this.#handover.take(token)
      throw error
    }
  }

  async *follow(shard: number, after: number, signal: AbortSignal): AsyncIterable<LogRecord[]> {
    const joiner = new RecordJoiner()
    const subject = { stream: this.#stream(shard), filter: this.#subject(shard) }
    const ended = AbortSignal.any([signal, this.#closing.signal])
    this.#followers.set(shard, (this.#followers.get(shard) ?? 0) + 1)
    try {
      for await (const messages of this.#reader.read(subject, after, ended)) {
        const records = joiner.join(messages).map(({ record, headers }) => {
          const token = headers?.get(TOKEN)
          const decoded = token ? this.#handover.take(token) : undefined
          return decoded === undefined ? record : { ...record, decoded }
        })
        if (records.length === 0) continue
        yield records
        for (const record of records) record.decoded = undefined
      }
    } finally {
      const others = this.#followers.get(shard)! - 1
      if (others > 0) this.#followers.set(shard, others)
      else this.#followers.delete(shard)
    }
  }

  async get(shard: number, sequence: number): Promise<LogRecord | undefined> {
    // The servers would take 0 for a mistake: it is the head of an empty shard.
    const last = sequence > 0 ? await this.#message(shard, { seq: sequence }) : undefined
    if (!last) return undefined
    const { part, parts } = partOf(last.header)
    if (part !== parts) return undefined
    if (parts === 1) return { sequence, payload: bufferOf(last.data) }
    const earlier = Array.from({ length: parts - 1 }, (_, index) =>
      this.#message(shard, { seq: sequence - parts + 1 + index }),
    )
    const found = [...(await Promise.all(earlier)), last].filter((message) => message !== undefined)
    if (found.length < parts) return undefined
    return { sequence, payload: Buffer.concat(found.map(({ data }) => data)) }
  }

  async head(shard: number): Promise<number> {
    const newest = await this.#newest(shard)
    return newest?.seq ?? 0
  }

  async tail(shard: number): Promise<number> {
    return (await this.#trimMarks.of(shard)).sequence + 1
  }

  async trim(shard: number, sequence: number): Promise<void> {
    const newest = await this.#newest(shard)
    if (!newest) return
    const trimmed = await this.#trimMarks.of(shard)
    // The newest record stays: it says where the shard's log goes on.
    const upTo = Math.min(sequence, newest.seq - partOf(newest.header).parts)
    // The mark comes first: the log must never seem to hold records that it has lost.
    if (upTo > trimmed.sequence) await this.#trimMarks.set(shard, upTo, trimmed)
    const done = Math.max(upTo, trimmed.sequence)
    await asked(
      this.#manager.streams.purge(this.#stream(shard), { filter: this.#subject(shard), seq: done + 1 }),
      'the log could not be trimmed',
    )
  }

  /** What one replica takes. */
  async bytes(): Promise<number> {
    const { streams } = this.#options
    const names = Array.from({ length: Math.min(streams, this.#shards) }, (_, shard) => this.#stream(shard))
    const found = await Promise.all(names.map((name) => askedOfStream(this.#manager, name, UNREADABLE)))
    return found.reduce((bytes, { state }) => bytes + state.bytes, 0)
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  #subject(shard: number): string {
    return `${this.#options.prefix}.log.${shard}`
  }

  #stream(shard: number): string {
    if (!Number.isInteger(shard) || shard < 0 || shard >= this.#shards)
      throw new RangeError(`no shard ${shard}`)
    return `${this.#options.prefix}-log-${shard % this.#options.streams}`
  }

  #newest(shard: number) {
    return this.#message(shard, { last_by_subj: this.#subject(shard) })
  }

  /** From the stream's leader: another replica may not have it yet. */
  async #message(shard: number, which: { seq: number } | { last_by_subj: string }) {
    const found = await asked(this.#manager.streams.getMessage(this.#stream(shard), which), UNREADABLE)
    return found?.subject === this.#subject(shard) ? found : undefined
  }
}
