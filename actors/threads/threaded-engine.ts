// The whole engine, as any of its threads sees it: what concerns a shard goes to the thread that runs it.
import type { MessagePort } from 'node:worker_threads'
import { ThreadLink } from '../../src/calls/thread-link.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type {
  CountsOptions,
  CountsView,
  Engine,
  ExplainOptions,
  ExplainView,
  ProfileReads,
  ProfileView,
  ReadOptions,
  Rebuilding,
  RebuildView,
  ShardStatus,
  StreamReader,
  TimelineOptions,
  TimelineView,
} from '../../src/engine.ts'
import { type ErrorCode, PulseprintError } from '../../src/errors.ts'
import { type Batch, type Chunk, placePart, type Submitted, type SubmitWait } from '../../src/ingest/batch.ts'
import { shardOf } from '../../src/model/hash.ts'
import type { LocalEngine } from '../engine/local-engine.ts'

/** How often a thread tells the others how it is. */
const CONDITION_INTERVAL_MS = 50

/** What a thread must know of another before it lets a request in. */
interface Condition {
  notReady: string | undefined
  refusal: { code: ErrorCode; message: string } | undefined
}

interface Peer {
  link: ThreadLink
  reads: ProfileReads
  rebuilds: Rebuilding
  condition: Condition
}

/** The thread that runs a shard. */
export function threadOf(shard: number, threads: number): number {
  return shard % threads
}

export class ThreadedEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  /** Any thread can read all streams. */
  readonly streams: StreamReader
  readonly #local: LocalEngine
  readonly #thread: number
  readonly #threads: number
  readonly #peers = new Map<number, Peer>()
  readonly #telling: NodeJS.Timeout

  /**
   * @param thread number of this thread, of `ports.size + 1` in all
   * @param ports a port to every other thread
   * @param metrics this thread's metrics, for the thread that is asked for all
   */
  constructor(
    local: LocalEngine,
    thread: number,
    ports: Map<number, MessagePort>,
    metrics: () => Promise<unknown>,
  ) {
    this.definition = local.definition
    this.shards = local.shards
    this.streams = local.streams
    this.#local = local
    this.#thread = thread
    this.#threads = ports.size + 1
    for (const [peer, port] of ports) this.#peers.set(peer, this.#meet(port, metrics))
    this.#telling = setInterval(() => this.#tellCondition(), CONDITION_INTERVAL_MS)
    this.#telling.unref()
    this.#tellCondition()
  }

  #meet(port: MessagePort, metrics: () => Promise<unknown>): Peer {
    const local = this.#local
    const link = new ThreadLink(port, {
      take: (chunks: Chunk[], wait: SubmitWait) => local.take(chunks, wait),
      profile: (user: string, options: ReadOptions) => local.profile(user, options),
      counts: (user: string, options: CountsOptions) => local.counts(user, options),
      timeline: (user: string, options: TimelineOptions) => local.timeline(user, options),
      explain: (user: string, name: string, options: ExplainOptions) => local.explain(user, name, options),
      shardStatus: () => local.shardStatus(),
      startRebuild: (shard: number) => local.startRebuild(shard),
      rebuild: (shard: number) => local.rebuild(shard),
      metrics,
      condition: (condition: Condition) => {
        peer.condition = condition
      },
    })
    const peer: Peer = {
      link,
      reads: readsOver(link),
      rebuilds: rebuildsOver(link),
      condition: { notReady: 'a thread is starting', refusal: undefined },
    }
    return peer
  }

  #tellCondition(): void {
    const refusal = this.#local.refusal()
    const condition: Condition = {
      notReady: this.#local.notReady(),
      refusal: refusal && { code: refusal.code, message: refusal.message },
    }
    for (const { link } of this.#peers.values()) link.call('condition', condition).catch(() => {})
  }

  async submit({ chunks }: Batch, wait: SubmitWait): Promise<Submitted> {
    const refusal = this.#refusal()
    if (refusal) throw refusal
    const placesOf = Map.groupBy(chunks.keys(), (place) => threadOf(chunks[place]!.shard, this.#threads))
    const submitted: Submitted = { sequences: [], outcomes: [], effects: [] }
    await Promise.all(
      [...placesOf].map(async ([thread, places]) => {
        const part = await this.#take(
          thread,
          places.map((place) => chunks[place]!),
          wait,
        )
        placePart(submitted, places, part)
      }),
    )
    return submitted
  }

  #take(thread: number, chunks: Chunk[], wait: SubmitWait): Promise<Submitted> {
    if (thread === this.#thread) return this.#local.take(chunks, wait)
    // A chunk is a view of a larger buffer, and a clone would carry all of it; `slice` of a Buffer is a view again.
    const cloned = chunks.map(({ shard, count, bytes }) => ({ shard, count, bytes: new Uint8Array(bytes) }))
    return this.#peer(thread).link.call('take', cloned, wait)
  }

  #refusal(): PulseprintError | undefined {
    const own = this.#local.refusal()
    if (own) return own
    for (const { condition } of this.#peers.values()) {
      if (!condition.refusal) continue
      const { code, message } = condition.refusal
      return new PulseprintError(code, message, { retryAfterSeconds: 1 })
    }
    return undefined
  }

  profile(user: string, options: ReadOptions): Promise<ProfileView | undefined> {
    return this.#readsOf(user).profile(user, options)
  }

  counts(user: string, options: CountsOptions): Promise<CountsView | undefined> {
    return this.#readsOf(user).counts(user, options)
  }

  timeline(user: string, options: TimelineOptions): Promise<TimelineView | undefined> {
    return this.#readsOf(user).timeline(user, options)
  }

  explain(user: string, name: string, options: ExplainOptions): Promise<ExplainView | undefined> {
    return this.#readsOf(user).explain(user, name, options)
  }

  async shardStatus(): Promise<ShardStatus[]> {
    const others = [...this.#peers.values()].map(({ link }) => link.call<ShardStatus[]>('shardStatus'))
    const statuses = await Promise.all([this.#local.shardStatus(), ...others])
    return statuses.flat().sort((a, b) => a.shard - b.shard)
  }

  startRebuild(shard: number): Promise<RebuildView> {
    return this.#rebuildsOf(shard).startRebuild(shard)
  }

  rebuild(shard: number): Promise<RebuildView> {
    return this.#rebuildsOf(shard).rebuild(shard)
  }

  /** What the `metrics` of every other thread give. */
  metricsOfOthers<Metrics>(): Promise<Metrics[]> {
    return Promise.all([...this.#peers.values()].map(({ link }) => link.call<Metrics>('metrics')))
  }

  notReady(): string | undefined {
    const own = this.#local.notReady()
    if (own !== undefined) return own
    for (const { condition } of this.#peers.values())
      if (condition.notReady !== undefined) return condition.notReady
    return undefined
  }

  close(): void {
    clearInterval(this.#telling)
    for (const { link } of this.#peers.values()) link.close()
  }

  /** Where the user's profile is read: here, or on the thread that runs its shard. */
  #readsOf(user: string): ProfileReads {
    const thread = threadOf(shardOf(user, this.shards), this.#threads)
    return thread === this.#thread ? this.#local : this.#peer(thread).reads
  }

  #rebuildsOf(shard: number): Rebuilding {
    const thread = threadOf(shard, this.#threads)
    return thread === this.#thread ? this.#local : this.#peer(thread).rebuilds
  }

  #peer(thread: number): Peer {
    const peer = this.#peers.get(thread)
    if (!peer) throw new Error(`there is no thread ${thread}`)
    return peer
  }
}

function readsOver(link: ThreadLink): ProfileReads {
  return {
    profile: (user, options) => link.call('profile', user, options),
    counts: (user, options) => link.call('counts', user, options),
    timeline: (user, options) => link.call('timeline', user, options),
    explain: (user, name, options) => link.call('explain', user, name, options),
  }
}

function rebuildsOver(link: ThreadLink): Rebuilding {
  return {
    startRebuild: (shard) => link.call('startRebuild', shard),
    rebuild: (shard) => link.call('rebuild', shard),
  }
}
