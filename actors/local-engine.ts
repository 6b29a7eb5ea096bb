// The engine of one node: it submits batches to the log, asks the shards' actors for profiles, and has changed
// profiles saved in the background. It knows ports only.
import { type Ref, start as startActors, stop as stopActors } from 'nact'
import type { Definition } from '../src/definition/definition.ts'
import type {
  CountsOptions,
  CountsView,
  Engine,
  ExplainOptions,
  ExplainView,
  ProfileView,
  ReadOptions,
  ShardStatus,
  StreamReader,
  TimelineOptions,
  TimelineView,
} from '../src/engine.ts'
import { PulseprintError } from '../src/errors.ts'
import { Appender } from '../src/ingest/appender.ts'
import type { Batch, Chunk, Submitted, SubmitWait } from '../src/ingest/batch.ts'
import { LIMITS } from '../src/limits.ts'
import type { ActionLog } from '../src/log/action-log.ts'
import { shardOf } from '../src/model/hash.ts'
import type { ShardOwnership } from '../src/ownership/shard-ownership.ts'
import type { Clock } from '../src/runtime/clock.ts'
import { within } from '../src/runtime/deadline.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { lastRebuild } from '../src/snapshots/rebuild.ts'
import type { SnapshotStore } from '../src/snapshots/snapshot-store.ts'
import { StoredStreams } from '../src/streams/stream-reader.ts'
import type { StreamStore } from '../src/streams/stream-store.ts'
import { CheckpointSchedule } from './checkpoint-schedule.ts'
import { Intake, notYetApplied } from './intake.ts'
import { ProfileReader } from './profile-reader.ts'
import { Publisher } from './publisher.ts'
import { ShardRunner } from './shard-runner.ts'

export interface EngineParts {
  definition: Definition
  shards: number
  /** The shards this engine runs; the others are another thread's. */
  owned: readonly number[]
  log: ActionLog
  snapshots: SnapshotStore
  streams: StreamStore
  ownership: ShardOwnership
  clock: Clock
  logger: Logger
  hotUsersMax: number
  /** Why the storage should take no more actions; undefined while it can. */
  storageProblem(): string | undefined
}

export class LocalEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  readonly streams: StreamReader
  /** Called for each user that time changes, with how late the engine notices, milliseconds. */
  observeLateness: (latenessMs: number) => void = () => {}
  readonly #parts: EngineParts
  readonly #actors: Ref<never>
  readonly #appender: Appender
  readonly #intake: Intake
  readonly #publisher: Publisher
  readonly #runners = new Map<number, ShardRunner>()
  readonly #schedule: CheckpointSchedule
  readonly #reader: ProfileReader
  #stopping = false

  private constructor(parts: EngineParts) {
    this.definition = parts.definition
    this.shards = parts.shards
    this.#parts = parts
    this.#actors = startActors() as Ref<never>
    const { definition, log, clock, shards } = parts
    this.streams = new StoredStreams(definition.streams, parts.streams, log)
    this.#publisher = new Publisher(parts.streams, parts.logger)
    this.#reader = new ProfileReader(definition, log, clock, (user) => this.#runner(shardOf(user, shards)))
    this.#schedule = new CheckpointSchedule(
      parts.clock,
      parts.logger,
      LIMITS.checkpointActionsMax / parts.shards,
    )
    this.#appender = new Appender(parts.log, parts.clock, (shard) => this.#runner(shard).epoch)
    this.#intake = new Intake(this.#appender, parts.clock, (shard) => this.#runner(shard))
  }

  /** Claims its shards and starts to replay what their snapshots do not cover. */
  static async start(parts: EngineParts): Promise<LocalEngine> {
    const engine = new LocalEngine(parts)
    for (const shard of parts.owned) engine.#runners.set(shard, await engine.#takeOver(shard))
    for (const runner of engine.#runners.values()) runner.start()
    engine.#schedule.start([...engine.#runners.values()])
    return engine
  }

  async #takeOver(shard: number): Promise<ShardRunner> {
    const { log, snapshots, ownership, hotUsersMax, definition, clock, logger } = this.#parts
    const { epoch: lastEpoch } = await snapshots.checkpoint(shard)
    const epoch = await ownership.claim(shard, lastEpoch)
    await snapshots.claim(shard, epoch)
    const { offset } = await snapshots.checkpoint(shard)
    const { until, heads } = await lastRebuild(snapshots)
    const [head, tail] = await Promise.all([log.head(shard), log.tail(shard)])
    if (offset > head || offset + 1 < tail) {
      throw new PulseprintError(
        'STORE_MISMATCH',
        `shard ${shard}: the snapshots cover the log up to ${offset}, but the log holds ${tail} to ${head}`,
      )
    }
    return new ShardRunner(
      shard,
      { epoch, offset, head, published: await this.#publisher.published(shard) },
      {
        system: this.#actors,
        definition,
        log,
        snapshots,
        publisher: this.#publisher,
        rebuilt: { head: heads[shard] ?? 0, until },
        clock,
        logger,
        observeLateness: (latenessMs) => this.observeLateness(latenessMs),
        appendTick: (owned, users) => this.#appender.appendTick(owned, users),
        hotUsersMax: Math.ceil(hotUsersMax / this.shards),
      },
    )
  }

  async submit({ chunks }: Batch, wait: SubmitWait): Promise<Submitted> {
    const refusal = this.refusal()
    if (refusal) throw refusal
    return this.take(chunks, wait)
  }

  /** Appends chunks of its own shards that a front door has let in. */
  take(chunks: readonly Chunk[], wait: SubmitWait): Promise<Submitted> {
    return this.#intake.take(chunks, wait)
  }

  /** Why no more actions can be taken now; undefined while they can. */
  refusal(): PulseprintError | undefined {
    const reason = this.#stopping ? 'the engine is stopping' : this.#failure()
    if (reason !== undefined) return new PulseprintError('NOT_READY', reason, { retryAfterSeconds: 1 })
    const full = this.#parts.storageProblem()
    if (full !== undefined) return new PulseprintError('STORAGE_UNAVAILABLE', full, { retryAfterSeconds: 5 })
    if (this.#appender.queuedBytes > LIMITS.appendQueueBytesMax) return overloaded('for the log')
    return this.#unapplied() > LIMITS.unappliedActionsMax ? overloaded('to be applied') : undefined
  }

  /** Actions on their way into the log or through the actors. */
  #unapplied(): number {
    let unapplied = this.#intake.actionsTaken
    for (const runner of this.#runners.values()) unapplied -= runner.actionsTaken
    return unapplied
  }

  #failure(): string | undefined {
    for (const runner of this.#runners.values()) if (runner.failure) return runner.failure
    return undefined
  }

  #runner(shard: number): ShardRunner {
    const runner = this.#runners.get(shard)
    if (!runner) throw new Error(`shard ${shard} is not run here`)
    return runner
  }

  profile(user: string, options: ReadOptions): Promise<ProfileView | undefined> {
    return this.#reader.profile(user, options)
  }

  counts(user: string, options: CountsOptions): Promise<CountsView | undefined> {
    return this.#reader.counts(user, options)
  }

  timeline(user: string, options: TimelineOptions): Promise<TimelineView | undefined> {
    return this.#reader.timeline(user, options)
  }

  explain(user: string, name: string, options: ExplainOptions): Promise<ExplainView | undefined> {
    return this.#reader.explain(user, name, options)
  }

  async shardStatus(): Promise<ShardStatus[]> {
    const { log, ownership } = this.#parts
    const status = async ({ shard, epoch, applied, checkpointer, users }: ShardRunner) => {
      const head = await log.head(shard)
      return {
        shard,
        owner: ownership.ownerOf(shard)?.node ?? 'none',
        epoch,
        head,
        applied,
        committed: checkpointer.committed,
        lag: head - applied,
        hotUsers: users.size,
      }
    }
    return Promise.all([...this.#runners.values()].map(status))
  }

  notReady(): string | undefined {
    if (this.#stopping) return 'the engine is stopping'
    const failure = this.#failure()
    if (failure !== undefined) return failure
    let replaying = 0
    for (const { applied, replayTo } of this.#runners.values()) if (applied < replayTo) replaying++
    return replaying > 0 ? `${replaying} shards are replaying their log` : undefined
  }

  /** Applies what was acknowledged, saves every profile and gives the shards back. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#schedule.stop()
    const { log, ownership } = this.#parts
    const runners = [...this.#runners.values()]
    const ticking = runners.map((runner) => runner.stopTicking())
    await this.#appender.drain()
    // What is not applied by then is in the log, and the next start applies it.
    const applying = runners.map(async (runner) => runner.reach(await log.head(runner.shard)))
    const allApplied = Promise.allSettled([...ticking, ...applying])
    await within(allApplied, LIMITS.applyWaitMs, this.#parts.clock, notYetApplied).catch(() => {})
    // First: a shard that makes room waits for what is published.
    this.#publisher.stop()
    await Promise.all(runners.map((runner) => runner.stop()))
    const saved = await Promise.allSettled(runners.map((runner) => runner.saveAll()))
    stopActors(this.#actors)
    await ownership.close()
    const failed = saved.find((result) => result.status === 'rejected')
    if (failed) this.#parts.logger.error('profiles could not be saved', { error: failed.reason })
  }
}

function overloaded(what: string): PulseprintError {
  return new PulseprintError('OVERLOADED', `too many actions wait ${what}`, { retryAfterSeconds: 1 })
}
