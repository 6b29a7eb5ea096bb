// The engine of one node: it submits batches to the log, asks the shards' actors for profiles, and
// lets changed profiles be saved in the background. It knows ports only.
import type { Definition } from '../../src/definition/definition.ts'
import type { Engine, StreamReader } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import type { Batch, Chunk, Submitted, SubmitWait } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ShardCondition } from '../../src/ownership/shard-host.ts'
import { newestParts, type ShardPart } from '../../src/questions/every-shard.ts'
import type { EveryShardQuestion, Question } from '../../src/questions/question.ts'
import { within } from '../../src/runtime/deadline.ts'
import { type Observer, silentObserver } from '../../src/runtime/observer.ts'
import { Outage } from '../../src/runtime/outage.ts'
import { StoredStreams } from '../../src/streams/stream-reader.ts'
import { Intake, notYetApplied } from './intake.ts'
import { LocalShards, type LocalShardsDeps } from './local-shards.ts'

export interface EngineDeps extends Omit<LocalShardsDeps, 'observer'> {
  observer?: Observer
  /** Why the storage should take no more actions; undefined while it can. */
  storageProblem(): string | undefined
}

export class LocalEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  readonly streams: StreamReader
  readonly #deps: EngineDeps
  readonly #own: LocalShards
  readonly #intake: Intake
  readonly #observer: Observer
  /** Of writes to the log, by shard. */
  readonly #outage: Outage<number>
  #stopping = false

  /** Runs no shard until it takes one over. */
  constructor(deps: EngineDeps) {
    const { definition, shards, log, streams, clock, logger, observer = silentObserver } = deps
    this.definition = definition
    this.shards = shards
    this.#deps = deps
    this.streams = new StoredStreams(definition.streams, streams, log)
    this.#own = new LocalShards({ ...deps, observer })
    this.#intake = new Intake(this.#own.appenders, clock, (shard) => this.#own.get(shard))
    this.#observer = observer
    const words = { begun: 'the log takes no writes', ended: 'the log takes writes again' }
    this.#outage = new Outage(logger, words)
  }

  /**
   * Runs the shard from now on, under an epoch that this node has claimed. Errors: as
   * LocalShards.takeOver.
   */
  async takeOver(shard: number, epoch: number): Promise<void> {
    await this.#own.takeOver(shard, epoch)
    this.#intake.open(shard)
  }

  /** Epoch of the last owner that wrote anything for the shard. */
  async lastEpoch(shard: number): Promise<number> {
    return (await this.#deps.snapshots.checkpoint(shard)).epoch
  }

  /** Saves the shard's changes while it goes on. */
  async save(shard: number): Promise<void> {
    await this.#own.get(shard).checkpoint()
  }

  /**
   * Brings the shard to a state from which another node can go on at once. It takes no more
   * actions. Reads go on until `drop`.
   */
  async finish(shard: number): Promise<void> {
    await this.#intake.close(shard)
    await this.#own.finish(shard)
  }

  /** Ends the shard here, because another node runs it or soon will. */
  drop(shard: number): void {
    this.#own.drop(shard)
    this.#outage.forget(shard)
  }

  /** Epoch under which this node runs the shard; undefined if it does not. */
  epochOf(shard: number): number | undefined {
    return this.#own.has(shard) ? this.#own.get(shard).epoch : undefined
  }

  /** The state of the shard here. */
  conditionOf(shard: number): ShardCondition {
    if (!this.#own.has(shard)) return 'absent'
    const { fenced, failure } = this.#own.get(shard)
    if (fenced) return 'fenced'
    return failure === undefined ? 'running' : 'stopped'
  }

  async submit({ chunks }: Batch, wait: SubmitWait): Promise<Submitted> {
    const refusal = this.overload() ?? stoppedOf(chunks, this.stopped)
    if (refusal) throw refusal
    return this.take(chunks, wait)
  }

  /** Appends chunks for its own shards. A front door has let them in. */
  async take(chunks: readonly Chunk[], wait: SubmitWait): Promise<Submitted> {
    try {
      const submitted = await this.#intake.take(chunks, wait)
      for (const { shard } of chunks) this.#outage.worked(shard)
      return submitted
    } catch (error) {
      if (error instanceof PulseprintError && error.code === 'STORAGE_UNAVAILABLE') {
        this.#observer.refused()
        for (const { shard } of chunks) this.#outage.failed(shard, { shard, error })
      }
      throw error
    }
  }

  /**
   * The shards that have stopped here, each with the reason. They take no actions; the others do.
   */
  get stopped(): ReadonlyMap<number, string> {
    const stopped = new Map<number, string>()
    for (const { shard, failure } of this.#own.all) if (failure !== undefined) stopped.set(shard, failure)
    return stopped
  }

  /** Why no shard can take more actions now; undefined while they can. */
  overload(): PulseprintError | undefined {
    if (this.#stopping) return notReady('the engine is stopping')
    const full = this.#deps.storageProblem()
    if (full !== undefined) return new PulseprintError('STORAGE_UNAVAILABLE', full, { retryAfterSeconds: 5 })
    if (this.#own.appenders.queuedBytes > LIMITS.appendQueueBytesMax) return overloaded('for the log')
    const unapplied = this.#own.all.reduce((sum, { unappliedActions }) => sum + unappliedActions, 0)
    return unapplied > LIMITS.unappliedActionsMax ? overloaded('to be applied') : undefined
  }

  #failure(): string | undefined {
    return this.#own.all.find(({ failure }) => failure !== undefined)?.failure
  }

  async ask<Parameters, Answer>(
    question: Question<Parameters, Answer>,
    parameters: Parameters,
  ): Promise<Answer> {
    if (question.scope === 'shard')
      return question.answer(this.#own.viewOf(question.shardOf(parameters, this.shards)), parameters)
    const parts = newestParts(await this.parts(question, parameters))
    return question.combine([...parts.values()], parameters)
  }

  /** The answers of the shards here to a question that concerns every shard. */
  parts<Parameters, Part>(
    question: EveryShardQuestion<Parameters, Part, unknown>,
    parameters: Parameters,
  ): Promise<ShardPart<Part>[]> {
    const answers = this.#own.views.map(async (view) => {
      const { shard, epoch } = view
      return { shard, epoch, part: await question.answer(view, parameters) }
    })
    return Promise.all(answers)
  }

  storageProblem(): string | undefined {
    return this.#deps.storageProblem()
  }

  notReady(): string | undefined {
    if (this.#stopping) return 'the engine is stopping'
    const failure = this.#failure()
    if (failure !== undefined) return failure
    const replaying = this.#replaying()
    return replaying > 0 ? `${replaying} shards are replaying their log` : undefined
  }

  get isReplaying(): boolean {
    return this.#replaying() > 0
  }

  #replaying(): number {
    return this.#own.all.filter(({ applied, replayTo }) => applied < replayTo).length
  }

  /** Applies what was acknowledged and saves every profile. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#own.stopBackground()
    const { log, clock, logger } = this.#deps
    const runners = this.#own.all
    const ticking = runners.map((runner) => runner.stopTicking())
    await this.#own.appenders.drain()
    // The next start applies the rest: it is in the log.
    const applying = runners.map(async (runner) => runner.reach(await log.head(runner.shard)))
    const allApplied = Promise.allSettled([...ticking, ...applying])
    await within(allApplied, LIMITS.applyWaitMs, clock, notYetApplied).catch(() => {})
    // The publisher ends first, because a shard that makes room waits for it.
    this.#own.publisher.stop()
    await Promise.all(runners.map((runner) => runner.stop()))
    const saved = await Promise.allSettled(runners.map((runner) => runner.saveAll()))
    this.#own.stopActors()
    const failed = saved.find((result) => result.status === 'rejected')
    if (failed) logger.error('profiles could not be saved', { error: failed.reason })
  }
}

/**
 * The errors to throw before any part of a request is taken; undefined if none of its shards has
 * stopped.
 */
export function stoppedOf(
  chunks: readonly Chunk[],
  stopped: ReadonlyMap<number, string>,
): PulseprintError | undefined {
  if (stopped.size === 0) return undefined
  const chunk = chunks.find(({ shard }) => stopped.has(shard))
  return chunk && notReady(stopped.get(chunk.shard)!)
}

function notReady(reason: string): PulseprintError {
  return new PulseprintError('NOT_READY', reason, { retryAfterSeconds: 1 })
}

function overloaded(what: string): PulseprintError {
  return new PulseprintError('OVERLOADED', `too many actions wait ${what}`, { retryAfterSeconds: 1 })
}
