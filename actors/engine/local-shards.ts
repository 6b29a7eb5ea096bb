// The shards that run on this node or thread. Each is taken over under an epoch, and ends here when
// another node should run it.
import { type Ref, spawn, start as startActors, stop as stopActors } from 'nact'
import type { Definition } from '../../src/definition/definition.ts'
import { PulseprintError } from '../../src/errors.ts'
import { Appenders } from '../../src/ingest/appenders.ts'
import { encodeTick } from '../../src/ingest/records.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { ShardView } from '../../src/questions/shard-view.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Observer } from '../../src/runtime/observer.ts'
import { TurnBudget } from '../../src/runtime/turn-budget.ts'
import { lastRebuild } from '../../src/snapshots/rebuild.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import { expectStoresFit } from '../../src/snapshots/stores-fit.ts'
import type { StreamStore } from '../../src/streams/stream-store.ts'
import { Publisher } from '../publishing/publisher.ts'
import { CheckpointSchedule } from '../saving/checkpoint-schedule.ts'
import { Retention, type RetentionDeps } from '../saving/retention.ts'
import { RunnerView } from '../shard/runner-view.ts'
import { ShardRunner } from '../shard/shard-runner.ts'

export interface LocalShardsDeps {
  definition: Definition
  /** Of the whole engine. */
  shards: number
  /** Name of the node, shown as the owner of its shards. */
  node: string
  log: ActionLog
  snapshots: SnapshotStore
  streams: StreamStore
  clock: Clock
  logger: Logger
  hotUsersMax: number
  /** How much of the log is kept. Default: everything. */
  keep?: RetentionDeps['keep']
  observer: Observer
}

/** How long records are applied in one turn of the event loop. */
const APPLY_TURN_MS = 2

/** A shard that runs here. */
interface Own {
  runner: ShardRunner
  view: ShardView
  retention: Retention
}

export class LocalShards {
  readonly appenders: Appenders
  readonly publisher: Publisher
  readonly #deps: LocalShardsDeps
  readonly #actors = startActors() as Ref<never>
  readonly #supervisors = new Map<number, Ref<never>>()
  readonly #turns = new TurnBudget(APPLY_TURN_MS)
  readonly #own = new Map<number, Own>()
  /** Also of shards that have ended here while a write of theirs waits for the log. */
  readonly #epochs = new Map<number, number>()
  readonly #schedule: CheckpointSchedule

  constructor(deps: LocalShardsDeps) {
    const { log, clock, logger, observer, streams, shards } = deps
    this.#deps = deps
    this.appenders = new Appenders(log, clock, (shard) => this.#epochs.get(shard) ?? 0)
    this.publisher = new Publisher(streams, logger)
    log.onFenced((shard) => this.#own.get(shard)?.runner.drop())
    this.#schedule = new CheckpointSchedule(clock, logger, observer, LIMITS.checkpointActionsMax / shards)
  }

  get all(): ShardRunner[] {
    return [...this.#own.values()].map(({ runner }) => runner)
  }

  /** The shards as questions see them. */
  get views(): ShardView[] {
    return [...this.#own.values()].map(({ view }) => view)
  }

  /** Errors: NOT_OWNER. */
  viewOf(shard: number): ShardView {
    return this.#find(shard).view
  }

  has(shard: number): boolean {
    return this.#own.has(shard)
  }

  /** Errors: NOT_OWNER. */
  get(shard: number): ShardRunner {
    return this.#find(shard).runner
  }

  #find(shard: number): Own {
    const own = this.#own.get(shard)
    if (!own) throw new PulseprintError('NOT_OWNER', `shard ${shard} is not run here`)
    return own
  }

  /**
   * Runs the shard under the epoch. It begins with the records that its snapshots do not cover.
   * Errors: FENCED if a newer epoch has claimed the shard; STORE_MISMATCH if the stores do not fit
   * together; DEFINITION_MISMATCH; STORAGE_UNAVAILABLE.
   */
  async takeOver(shard: number, epoch: number): Promise<void> {
    const { log, snapshots, clock, definition } = this.#deps
    const { until, heads } = await lastRebuild(snapshots, definition)
    await snapshots.claim(shard, epoch)
    this.#epochs.set(shard, epoch)
    const [{ offset }, head, tail, published] = await Promise.all([
      snapshots.checkpoint(shard),
      // A tick that names no users changes nothing.
      log.claim(shard, encodeTick(clock.now(), epoch, [])),
      log.tail(shard),
      this.publisher.published(shard),
    ])
    await expectStoresFit(this.#deps, shard, { head, tail, offset, published })
    const start = { epoch, offset, head, published }
    const runner = new ShardRunner(shard, start, this.#depsOf(shard, { head: heads[shard] ?? 0, until }))
    const retention = this.#retentionOf(runner)
    this.#own.set(shard, { runner, view: new RunnerView(runner, this.#deps), retention })
    runner.start()
    retention.start()
    this.#schedule.add(runner)
  }

  #retentionOf({ shard, checkpointer }: ShardRunner): Retention {
    const { shards, log, streams, clock, logger, keep = {} } = this.#deps
    const committed = () => checkpointer.committed
    return new Retention({ shard, shards, log, streams, clock, logger, keep, committed })
  }

  #depsOf(shard: number, rebuilt: { head: number; until: number }) {
    const { hotUsersMax } = this.#deps
    return {
      ...this.#deps,
      supervisor: this.#supervisorOf(shard),
      publisher: this.publisher,
      rebuilt,
      appendTick: (shard: number, users: readonly string[]) => this.appenders.appendTick(shard, users),
      hotUsersMax: () => Math.ceil(hotUsersMax / this.#own.size),
      turns: this.#turns,
    }
  }

  /**
   * One supervisor for each shard that ever ran here: stopping it would discard messages in
   * mailboxes.
   */
  #supervisorOf(shard: number): Ref<never> {
    const known = this.#supervisors.get(shard)
    if (known) return known
    const supervisor = spawn(this.#actors, (state: null) => state, `shard-${shard}`) as Ref<never>
    this.#supervisors.set(shard, supervisor)
    return supervisor
  }

  /**
   * Applies all of the shard's log and saves it. The shard must take no more actions by then. Reads
   * go on until `drop`.
   */
  async finish(shard: number): Promise<void> {
    const { runner, retention } = this.#find(shard)
    // There is no need to wait for a trimming under way: it drops only what has long been covered.
    void retention.stop()
    await runner.stopTicking()
    await runner.reach(await this.#deps.log.head(shard))
    await runner.stop()
    await this.publisher.drain()
    await runner.saveAll()
  }

  /** Ends the shard without saving anything. Everyone who waits for it gets an error. */
  drop(shard: number): void {
    const own = this.#own.get(shard)
    if (!own) return
    this.#own.delete(shard)
    this.#schedule.remove(own.runner)
    void own.retention.stop()
    own.runner.drop()
  }

  /** From now on, the shard neither saves nor trims by itself. */
  async stopBackground(): Promise<void> {
    this.#schedule.stop()
    await Promise.all([...this.#own.values()].map(({ retention }) => retention.stop()))
  }

  stopActors(): void {
    stopActors(this.#actors)
  }
}
