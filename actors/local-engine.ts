// The engine of one node: it submits batches to the log, asks the shards' actors for profiles, and has changed
// profiles saved in the background. It knows ports only.
import { type Ref, start as startActors, stop as stopActors } from 'nact'
import type { Definition } from '../src/definition/definition.ts'
import type {
  CountsView,
  Engine,
  ProfileView,
  ReadOptions,
  ShardStatus,
  TimelineView,
} from '../src/engine.ts'
import { PulseprintError } from '../src/errors.ts'
import { Appender, type Placement } from '../src/ingest/appender.ts'
import type { Batch, Chunk, Submitted } from '../src/ingest/batch.ts'
import { LIMITS } from '../src/limits.ts'
import type { ActionLog } from '../src/log/action-log.ts'
import { dayOfDate } from '../src/model/civil-date.ts'
import { shardOf } from '../src/model/hash.ts'
import type { ShardOwnership } from '../src/ownership/shard-ownership.ts'
import { readDayCounts } from '../src/profile/counts-view.ts'
import type { Profile } from '../src/profile/profile.ts'
import { readFeatures, readInstant, selectFeatures } from '../src/profile/read.ts'
import type { Clock } from '../src/runtime/clock.ts'
import { within } from '../src/runtime/deadline.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { SnapshotStore } from '../src/snapshots/snapshot-store.ts'
import { CheckpointSchedule } from './checkpoint-schedule.ts'
import { ShardRunner } from './shard-runner.ts'
import { readTimeline, type TimelineOptions } from './timeline-reader.ts'

export interface EngineParts {
  definition: Definition
  shards: number
  /** The shards this engine runs; the others are another thread's. */
  owned: readonly number[]
  log: ActionLog
  snapshots: SnapshotStore
  ownership: ShardOwnership
  clock: Clock
  logger: Logger
  hotUsersMax: number
}

export class LocalEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  readonly #parts: EngineParts
  readonly #actors: Ref<never>
  readonly #appender: Appender
  readonly #runners = new Map<number, ShardRunner>()
  /** Head of each shard's log when it was taken over: reads wait until it is applied again. */
  readonly #replayTo = new Map<number, number>()
  #unapplied = 0
  readonly #schedule: CheckpointSchedule
  #stopping = false

  private constructor(parts: EngineParts) {
    this.definition = parts.definition
    this.shards = parts.shards
    this.#parts = parts
    this.#actors = startActors() as Ref<never>
    this.#schedule = new CheckpointSchedule(
      parts.clock,
      parts.logger,
      LIMITS.checkpointActionsMax / parts.shards,
    )
    this.#appender = new Appender(parts.log, parts.clock, (shard) => this.#runner(shard).epoch)
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
    const { log, snapshots, ownership, hotUsersMax, definition } = this.#parts
    const { epoch: lastEpoch } = await snapshots.checkpoint(shard)
    const epoch = await ownership.claim(shard, lastEpoch)
    await snapshots.claim(shard, epoch)
    const { offset } = await snapshots.checkpoint(shard)
    const [head, tail] = [log.head(shard), log.tail(shard)]
    if (offset > head || offset + 1 < tail) {
      throw new PulseprintError(
        'STORE_MISMATCH',
        `shard ${shard}: the snapshots cover the log up to ${offset}, but the log holds ${tail} to ${head}`,
      )
    }
    this.#replayTo.set(shard, head)
    return new ShardRunner(
      shard,
      { epoch, offset },
      {
        system: this.#actors,
        definition,
        log,
        snapshots,
        hotUsersMax: Math.ceil(hotUsersMax / this.shards),
      },
    )
  }

  async submit({ chunks }: Batch, wait: 'durable' | 'applied'): Promise<Submitted> {
    const refusal = this.refusal()
    if (refusal) throw refusal
    return this.take(chunks, wait)
  }

  /** Appends chunks of its own shards that a front door has let in. */
  async take(chunks: readonly Chunk[], wait: 'durable' | 'applied'): Promise<Submitted> {
    let actions = 0
    for (const chunk of chunks) actions += chunk.count
    this.#unapplied += actions
    const placements = await this.#appender.append(chunks).catch((error) => {
      this.#unapplied -= actions
      throw error
    })
    const applied = this.#reachAll(chunks, placements).finally(() => {
      this.#unapplied -= actions
    })
    // A shard that fails later is told by the next request; this one is durable all the same.
    applied.catch(() => {})
    if (wait === 'applied') await applied
    return {
      sequences: placements.map(({ sequence }) => sequence),
      outcomes: wait === 'applied' ? this.#outcomes(chunks, placements) : [],
    }
  }

  async #reachAll(chunks: readonly Chunk[], placements: Placement[]): Promise<void> {
    for (let index = 0; index < chunks.length; index++) {
      await this.#runner(chunks[index]!.shard).reach(placements[index]!.sequence)
    }
  }

  #outcomes(chunks: readonly Chunk[], placements: Placement[]): Submitted['outcomes'] {
    return chunks.map(({ shard, count }, index) => {
      const { sequence, offset } = placements[index]!
      return this.#runner(shard)
        .outcomesOf(sequence)
        .slice(offset, offset + count)
    })
  }

  /** Why no more actions can be taken now; undefined while they can. */
  refusal(): PulseprintError | undefined {
    const reason = this.#stopping ? 'the engine is stopping' : this.#failure()
    if (reason !== undefined) return new PulseprintError('NOT_READY', reason, { retryAfterSeconds: 1 })
    if (this.#unapplied <= LIMITS.unappliedActionsMax) return undefined
    return new PulseprintError('OVERLOADED', 'too many actions wait to be applied', { retryAfterSeconds: 1 })
  }

  #failure(): string | undefined {
    for (const runner of this.#runners.values()) if (runner.failure) return shardFailure(runner)
    return undefined
  }

  #runner(shard: number): ShardRunner {
    const runner = this.#runners.get(shard)
    if (!runner) throw new Error(`shard ${shard} is not run here`)
    return runner
  }

  async profile(user: string, { at, fields, minSequence }: ReadOptions): Promise<ProfileView | undefined> {
    const wanted = selectFeatures(this.definition, fields)
    const runner = await this.#readyRunner(user, minSequence)
    const now = this.#parts.clock.now()
    const read = await runner.read(user, (profile: Profile) =>
      readFeatures(this.definition, profile, wanted, readInstant(profile, at, now)),
    )
    if (!read) return undefined
    const { shard, epoch, applied: sequence } = runner
    return {
      userId: user,
      ...read,
      asOf: { shard, epoch, sequence, at: new Date(now).toISOString() },
      source: 'live',
    }
  }

  async counts(
    user: string,
    { action, from, to }: { action?: string; from?: string; to?: string },
  ): Promise<CountsView | undefined> {
    const { calendar, timezone } = this.definition
    const span = { ...dayBound('from', from), ...dayBound('to', to), ...(action !== undefined && { action }) }
    const runner = await this.#readyRunner(user)
    const read = await runner.read(user, (profile) => readDayCounts(calendar, profile, span))
    return read && { userId: user, action: action ?? null, timezone, ...read }
  }

  async timeline(user: string, options: TimelineOptions): Promise<TimelineView | undefined> {
    const runner = await this.#readyRunner(user)
    const timeline = await runner.read(user, (profile) => [...profile.timeline])
    if (!timeline) return undefined
    return { userId: user, ...(await readTimeline(this.#parts.log, runner.shard, timeline, options)) }
  }

  /** The user's shard, once it has replayed its log and reached `minSequence`. */
  async #readyRunner(user: string, minSequence = 0): Promise<ShardRunner> {
    const shard = shardOf(user, this.shards)
    const runner = this.#runner(shard)
    if (runner.failure)
      throw new PulseprintError('NOT_READY', shardFailure(runner), { retryAfterSeconds: 10 })
    await this.#wait(runner, this.#replayTo.get(shard)!, 'NOT_READY', 'the shard is still replaying its log')
    const missing = `shard ${shard} has not applied sequence ${minSequence} yet`
    await this.#wait(runner, minSequence, 'NOT_YET_APPLIED', missing)
    return runner
  }

  async #wait(runner: ShardRunner, sequence: number, code: 'NOT_READY' | 'NOT_YET_APPLIED', message: string) {
    if (runner.applied >= sequence) return
    const late = () => new PulseprintError(code, message, { retryAfterSeconds: 1 })
    await within(runner.reach(sequence), LIMITS.readWaitMs, this.#parts.clock, late)
  }

  async shardStatus(): Promise<ShardStatus[]> {
    const { log, ownership } = this.#parts
    return [...this.#runners.values()].map(({ shard, epoch, applied, checkpointer, users }) => {
      const head = log.head(shard)
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
    })
  }

  notReady(): string | undefined {
    if (this.#stopping) return 'the engine is stopping'
    const failure = this.#failure()
    if (failure !== undefined) return failure
    let replaying = 0
    for (const { shard, applied } of this.#runners.values())
      if (applied < this.#replayTo.get(shard)!) replaying++
    return replaying > 0 ? `${replaying} shards are replaying their log` : undefined
  }

  /** Applies what was acknowledged, saves every profile and gives the shards back. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#schedule.stop()
    await this.#appender.drain()
    const { log, ownership } = this.#parts
    const runners = [...this.#runners.values()]
    await Promise.allSettled(runners.map((runner) => runner.reach(log.head(runner.shard))))
    await Promise.all(runners.map((runner) => runner.stop()))
    const saved = await Promise.allSettled(runners.map((runner) => runner.checkpoint()))
    stopActors(this.#actors)
    await ownership.close()
    const failed = saved.find((result) => result.status === 'rejected')
    if (failed) this.#parts.logger.error('profiles could not be saved', { error: failed.reason })
  }
}

function shardFailure({ shard, failure }: ShardRunner): string {
  return `shard ${shard} has stopped: ${failure instanceof Error ? failure.message : String(failure)}`
}

function dayBound(name: 'from' | 'to', date: string | undefined): { from?: number; to?: number } {
  if (date === undefined) return {}
  const day = dayOfDate(date)
  if (day === undefined) throw new PulseprintError('INVALID_REQUEST', `${name} must be a date, YYYY-MM-DD`)
  return { [name]: day }
}
