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
import type { Batch, Submitted } from '../src/ingest/batch.ts'
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
import { ShardRunner } from './shard-runner.ts'
import { readTimeline, type TimelineOptions } from './timeline-reader.ts'

export interface EngineParts {
  definition: Definition
  shards: number
  log: ActionLog
  snapshots: SnapshotStore
  ownership: ShardOwnership
  clock: Clock
  logger: Logger
  hotUsersMax: number
}

/** How often the shards are looked at for changes worth saving. */
const CHECKPOINT_TICK_MS = 100

export class LocalEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  readonly #parts: EngineParts
  readonly #actors: Ref<never>
  readonly #appender: Appender
  #runners: ShardRunner[] = []
  /** Head of each shard's log when it was taken over: reads wait until it is applied again. */
  #replayTo: number[] = []
  #unapplied = 0
  #cancelTick: () => void = () => {}
  #stopping = false

  private constructor(parts: EngineParts) {
    this.definition = parts.definition
    this.shards = parts.shards
    this.#parts = parts
    this.#actors = startActors() as Ref<never>
    this.#appender = new Appender(parts.log, parts.clock, (shard) => this.#runners[shard]!.epoch)
  }

  /** Claims every shard and starts to replay what their snapshots do not cover. */
  static async start(parts: EngineParts): Promise<LocalEngine> {
    const engine = new LocalEngine(parts)
    await rebuildIfRedefined(parts)
    for (let shard = 0; shard < parts.shards; shard++) engine.#runners.push(await engine.#takeOver(shard))
    for (const runner of engine.#runners) runner.start()
    engine.#tick()
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
    this.#replayTo.push(head)
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

  async submit(batch: Batch, wait: 'durable' | 'applied'): Promise<Submitted> {
    this.#refuseWhenOverloaded()
    let actions = 0
    for (const chunk of batch.chunks) actions += chunk.count
    this.#unapplied += actions
    const placements = await this.#appender.append(batch.chunks).catch((error) => {
      this.#unapplied -= actions
      throw error
    })
    const applied = this.#reachAll(batch, placements).finally(() => {
      this.#unapplied -= actions
    })
    // A shard that fails later is told by the next request; this one is durable all the same.
    applied.catch(() => {})
    if (wait === 'applied') await applied
    return {
      sequences: placements.map(({ sequence }) => sequence),
      outcomes: wait === 'applied' ? this.#outcomes(batch, placements) : [],
    }
  }

  async #reachAll({ chunks }: Batch, placements: Placement[]): Promise<void> {
    for (let index = 0; index < chunks.length; index++) {
      await this.#runners[chunks[index]!.shard]!.reach(placements[index]!.sequence)
    }
  }

  #outcomes({ chunks }: Batch, placements: Placement[]): Submitted['outcomes'] {
    return chunks.map(({ shard, count }, index) => {
      const { sequence, offset } = placements[index]!
      return this.#runners[shard]!.outcomesOf(sequence).slice(offset, offset + count)
    })
  }

  #refuseWhenOverloaded(): void {
    if (this.#stopping)
      throw new PulseprintError('NOT_READY', 'the engine is stopping', { retryAfterSeconds: 1 })
    const failed = this.#runners.find(({ failure }) => failure)
    if (failed) throw new PulseprintError('NOT_READY', shardFailure(failed), { retryAfterSeconds: 10 })
    if (this.#unapplied > LIMITS.unappliedActionsMax) {
      throw new PulseprintError('OVERLOADED', 'too many actions wait to be applied', { retryAfterSeconds: 1 })
    }
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
    const runner = this.#runners[shard]!
    if (runner.failure)
      throw new PulseprintError('NOT_READY', shardFailure(runner), { retryAfterSeconds: 10 })
    await this.#wait(runner, this.#replayTo[shard]!, 'NOT_READY', 'the shard is still replaying its log')
    const missing = `shard ${shard} has not applied sequence ${minSequence} yet`
    await this.#wait(runner, minSequence, 'NOT_YET_APPLIED', missing)
    return runner
  }

  async #wait(runner: ShardRunner, sequence: number, code: 'NOT_READY' | 'NOT_YET_APPLIED', message: string) {
    if (runner.applied >= sequence) return
    const late = () => new PulseprintError(code, message, { retryAfterSeconds: 1 })
    await within(runner.reach(sequence), LIMITS.readWaitMs, this.#parts.clock, late)
  }

  shardStatus(): ShardStatus[] {
    const { log, ownership } = this.#parts
    return this.#runners.map(({ shard, epoch, applied, checkpointer, users }) => {
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
    const failed = this.#runners.find(({ failure }) => failure)
    if (failed) return shardFailure(failed)
    const replaying = this.#runners.filter(({ shard, applied }) => applied < this.#replayTo[shard]!).length
    return replaying > 0 ? `${replaying} of ${this.shards} shards are replaying their log` : undefined
  }

  /** Every CHECKPOINT_TICK_MS, saves the shards that have many or old changes. */
  #tick(lastSaved: number[] = this.#runners.map(() => this.#parts.clock.now())): void {
    const now = this.#parts.clock.now()
    for (const runner of this.#runners) {
      const many = runner.checkpointer.uncommittedActions >= LIMITS.checkpointActionsMax / this.shards
      if (!many && now - lastSaved[runner.shard]! < LIMITS.checkpointIntervalMs) continue
      lastSaved[runner.shard] = now
      runner.checkpoint().catch((error) => {
        this.#parts.logger.error('profiles could not be saved', { shard: runner.shard, error })
      })
    }
    this.#cancelTick = this.#parts.clock.after(CHECKPOINT_TICK_MS, () => this.#tick(lastSaved))
  }

  /** Applies what was acknowledged, saves every profile and gives the shards back. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#cancelTick()
    await this.#appender.drain()
    const { log, ownership } = this.#parts
    await Promise.allSettled(this.#runners.map((runner) => runner.reach(log.head(runner.shard))))
    await Promise.all(this.#runners.map((runner) => runner.stop()))
    const saved = await Promise.allSettled(this.#runners.map((runner) => runner.checkpoint()))
    stopActors(this.#actors)
    await ownership.close()
    const failed = saved.find((result) => result.status === 'rejected')
    if (failed) this.#parts.logger.error('profiles could not be saved', { error: failed.reason })
  }
}

/** Stored profiles of another definition are of no use: they are dropped, and the log is replayed from its start. */
async function rebuildIfRedefined({
  definition,
  snapshots,
  log,
  shards,
  logger,
}: EngineParts): Promise<void> {
  const stored = await snapshots.fingerprint()
  if (stored === definition.fingerprint) return
  if (stored !== undefined) {
    for (let shard = 0; shard < shards; shard++) {
      if (log.tail(shard) <= 1) continue
      throw new PulseprintError(
        'STORE_MISMATCH',
        'the definition has changed, but the log no longer reaches back to its start to rebuild the profiles',
      )
    }
    logger.info('the definition has changed: all profiles are rebuilt from the log')
  }
  await snapshots.reset(definition.fingerprint)
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
