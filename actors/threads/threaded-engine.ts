// The whole engine, as any of its threads sees it: what concerns a shard goes to the thread that
// runs it.
import type { MessagePort } from 'node:worker_threads'
import { ThreadLink } from '../../src/calls/thread-link.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Engine, StreamReader } from '../../src/engine.ts'
import { type ErrorCode, PulseprintError } from '../../src/errors.ts'
import { type Batch, type Chunk, placePart, type Submitted, type SubmitWait } from '../../src/ingest/batch.ts'
import { newestParts, type ShardPart } from '../../src/questions/every-shard.ts'
import type { EveryShardQuestion, Question } from '../../src/questions/question.ts'
import { type LocalEngine, stoppedOf } from '../engine/local-engine.ts'
import { questionHandler } from '../engine/question-handler.ts'

/** How often a thread tells the others its state. */
const CONDITION_INTERVAL_MS = 50

/** What a thread must know of another thread before it lets a request in. */
interface Condition {
  notReady: string | undefined
  refusal: { code: ErrorCode; message: string } | undefined
  /** Shards of the thread that have stopped, each with the reason. */
  stopped: ReadonlyMap<number, string>
}

interface Peer {
  link: ThreadLink
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
   * @param metrics gives this thread's metrics, because any thread may be asked for those of all
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
      ...questionHandler(local),
      metrics,
      condition: (condition: Condition) => {
        peer.condition = condition
      },
    })
    const peer: Peer = {
      link,
      condition: { notReady: 'a thread is starting', refusal: undefined, stopped: new Map() },
    }
    return peer
  }

  #tellCondition(): void {
    const refusal = this.#local.overload()
    const condition: Condition = {
      notReady: this.#local.notReady(),
      refusal: refusal && { code: refusal.code, message: refusal.message },
      stopped: this.#local.stopped,
    }
    for (const { link } of this.#peers.values()) link.call('condition', condition).catch(() => {})
  }

  async submit({ chunks }: Batch, wait: SubmitWait): Promise<Submitted> {
    const refusal = this.#refusal(chunks)
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
    // A chunk is a view of a larger buffer, and a clone would carry the whole buffer. `slice` of a
    // Buffer would only make another view.
    const cloned = chunks.map(({ shard, count, bytes }) => ({ shard, count, bytes: new Uint8Array(bytes) }))
    return this.#peer(thread).link.call('take', cloned, wait)
  }

  #refusal(chunks: readonly Chunk[]): PulseprintError | undefined {
    const own = this.#local.overload() ?? stoppedOf(chunks, this.#local.stopped)
    if (own) return own
    for (const { condition } of this.#peers.values()) {
      const stopped = stoppedOf(chunks, condition.stopped)
      if (stopped) return stopped
      if (!condition.refusal) continue
      const { code, message } = condition.refusal
      return new PulseprintError(code, message, { retryAfterSeconds: 1 })
    }
    return undefined
  }

  ask<Parameters, Answer>(question: Question<Parameters, Answer>, parameters: Parameters): Promise<Answer> {
    if (question.scope === 'every shard') return this.#askEveryThread(question, parameters)
    const thread = threadOf(question.shardOf(parameters, this.shards), this.#threads)
    return thread === this.#thread
      ? this.#local.ask(question, parameters)
      : this.#peer(thread).link.call('ask', question.name, parameters)
  }

  async #askEveryThread<Parameters, Part, Answer>(
    question: EveryShardQuestion<Parameters, Part, Answer>,
    parameters: Parameters,
  ): Promise<Answer> {
    const others = [...this.#peers.values()].map(({ link }) =>
      link.call<ShardPart<Part>[]>('ask', question.name, parameters),
    )
    const told = await Promise.all([this.#local.parts(question, parameters), ...others])
    return question.combine([...newestParts(told.flat()).values()], parameters)
  }

  /** The metrics of every other thread. */
  metricsOfOthers<Metrics>(): Promise<Metrics[]> {
    return Promise.all([...this.#peers.values()].map(({ link }) => link.call<Metrics>('metrics')))
  }

  storageProblem(): string | undefined {
    return this.#local.storageProblem()
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

  #peer(thread: number): Peer {
    const peer = this.#peers.get(thread)
    if (!peer) throw new Error(`there is no thread ${thread}`)
    return peer
  }
}
