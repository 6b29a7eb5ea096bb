// The shard runner: the one reader of a shard's log. It hands each record to its users' actors, in
// order, and tracks how far the shard has come.
import { isDamaged, isFenced, PulseprintError } from '../../src/errors.ts'
import type { LogRecord } from '../../src/log/action-log.ts'
import { Fold } from '../../src/profile/fold.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { publicationOf } from '../publishing/publication.ts'
import { Rebuilds } from '../rebuild/rebuilds.ts'
import { recomputeProfile } from '../rebuild/user-rebuild.ts'
import { Checkpointer } from '../saving/checkpointer.ts'
import { tickerOf } from '../time/shard-ticker.ts'
import type { Ticker } from '../time/ticker.ts'
import type { HotUser } from '../users/hot-user.ts'
import { HotUsers } from '../users/hot-users.ts'
import { tell } from '../users/user-actor.ts'
import { type Applied, AppliedWatermark } from './applied-watermark.ts'
import { Backpressure } from './backpressure.ts'
import { RecordApplication } from './record-application.ts'
import type { ShardDeps, ShardStart } from './shard-deps.ts'

const GIVEN_UP = new PulseprintError('FENCED', 'it is run by another node')

export class ShardRunner {
  readonly shard: number
  readonly epoch: number
  /** Head of the log when the shard was taken over. Reads wait until it is applied again. */
  readonly replayTo: number
  readonly users: HotUsers
  readonly checkpointer: Checkpointer
  readonly backpressure: Backpressure
  readonly rebuilds: Rebuilds
  readonly fold: Fold
  /** About how many actions were handed to the log here and are not applied yet. */
  unappliedActions = 0
  readonly #deps: ShardDeps
  readonly #ticker: Ticker
  /** An earlier owner published everything up to here. */
  readonly #publishedBefore: number
  readonly #stopping = new AbortController()
  readonly #progress: AppliedWatermark
  #running: Promise<void> = Promise.resolve()
  /** Settles when the present record is applied and its effects are handed to the publisher. */
  #record: Promise<void> = Promise.resolve()
  #failure: Error | undefined

  /** @param start where the shard stands, under the epoch this node has claimed */
  constructor(shard: number, { epoch, offset, head, published }: ShardStart, deps: ShardDeps) {
    this.shard = shard
    this.epoch = epoch
    this.replayTo = head
    this.#deps = deps
    this.#publishedBefore = published
    this.#progress = new AppliedWatermark(offset)
    this.fold = new Fold(deps.definition)
    const { publisher, rebuilt, supervisor } = deps
    const { signal: ended } = this.#stopping
    const recompute = (name: string) => recomputeProfile(deps, this, name, ended)
    const own = { shard, epoch, fold: this.fold, memory: { bytes: 0 } }
    this.users = new HotUsers(
      shard,
      { ...own, rebuilt, recompute, supervisor },
      deps.snapshots,
      deps.hotUsersMax,
      ended,
    )
    this.checkpointer = new Checkpointer({ shard, epoch, committed: offset }, deps, () => this.#record)
    const checkpoint = () => this.checkpoint()
    this.backpressure = new Backpressure({ users: this.users, publisher, checkpoint, ended })
    this.rebuilds = new Rebuilds(this, deps, ended)
    this.#ticker = tickerOf(this, deps)
  }

  get applied(): number {
    return this.#progress.applied
  }

  /** Why the shard has stopped applying; undefined while it runs. */
  get failure(): string | undefined {
    return this.#failure && `shard ${this.shard} has stopped: ${this.#failure.message}`
  }

  /** True if the shard has stopped because another owner may have it or saved data is lost. */
  get fenced(): boolean {
    return isFenced(this.#failure)
  }

  start(): void {
    this.#deps.observer.begun()
    this.#running = this.#run().catch((error) => this.#fail(error))
    // Until then, the log may hold ticks that seem to be missing.
    this.reach(this.replayTo).then(
      () => this.#ticker.start(),
      () => {},
    )
  }

  /** Ends the shard: it applies and saves nothing more. Everyone who waits gets an error. */
  #fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = error instanceof Error ? error : new Error(String(error))
    if (isFenced(error) && error !== GIVEN_UP) this.#deps.observer.fenced()
    this.#stopping.abort()
    void this.#ticker.stop()
    this.#progress.fail(this.#stopped())
  }

  #stopped(): PulseprintError {
    if (this.fenced) return new PulseprintError('NOT_OWNER', this.failure ?? '')
    return new PulseprintError('NOT_READY', this.failure ?? '', { retryAfterSeconds: 10 })
  }

  /** Ends the shard here, because it is another node's now. */
  drop(): void {
    this.#fail(GIVEN_UP)
  }

  /** Appends no more ticks. Ticks that are in the log are still applied. */
  stopTicking(): Promise<void> {
    return this.#ticker.stop()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#running, this.rebuilds.ended()])
  }

  async #run(): Promise<void> {
    for await (const records of this.#deps.log.follow(this.shard, this.applied, this.#stopping.signal)) {
      for (const record of records) {
        await this.backpressure.wait()
        await this.#deps.turns.run(() => this.#applyRecord(record))
        if (this.#stopping.signal.aborted) return
      }
    }
  }

  #applyRecord(record: LogRecord): Promise<void> | undefined {
    if (this.#stopping.signal.aborted) return
    const application = new RecordApplication(record, (user, changed) => this.#applied(user, changed))
    this.#record = this.#complete(application, record)
    return this.#record
  }

  async #complete(application: RecordApplication, record: LogRecord): Promise<void> {
    const { sequence, receivedAt, actions } = application
    await application.run(this.users)
    // If the shard has ended, its successor may run in this process already. Profiles loaded since
    // may lack changes that this runner saved.
    if (this.#failure) throw this.#failure
    this.checkpointer.applied(receivedAt, actions.length)
    const { observer, clock, publisher } = this.#deps
    if (sequence > this.replayTo) {
      this.unappliedActions = Math.max(0, this.unappliedActions - actions.length)
      const now = clock.now()
      observer.applied(now - receivedAt, actions[0] && now - actions[0].occurredAt)
    } else observer.replayed(actions.length)
    if (sequence > this.#publishedBefore) {
      const outcomes = application.isTick ? undefined : application.outcomes
      const taken = publisher.takesActions && { actions, bytes: record.payload.length }
      publisher.publish({ ...publicationOf(this.shard, sequence, outcomes, application.effects), ...taken })
    }
    this.#progress.advance(sequence, application)
    this.rebuilds.applied(record)
  }

  /** Calls `work` while every profile stands at `applied`. Rejects if a record has failed. */
  async between<T>(work: () => T): Promise<T> {
    let last: Promise<void>
    do {
      last = this.#record
      await last
    } while (last !== this.#record)
    return work()
  }

  /** Replaces the user's profile. Call it only between two records. */
  replace(name: string, profile: Profile, savedWakeAt: number): void {
    this.#applied(this.users.replace(name, profile, savedWakeAt), true)
  }

  #applied(user: HotUser, changed: boolean): void {
    if (changed) this.checkpointer.markChanged(user)
    // Also called after a tick that came too early, because the user's real time may be near.
    this.#ticker.changed(user)
  }

  /** Saves all changes. Errors: FENCED, which ends the shard; STORAGE_UNAVAILABLE; NOT_READY. */
  async checkpoint(): Promise<void> {
    if (this.#failure) throw this.#stopped()
    const begun = performance.now()
    try {
      await this.checkpointer.checkpoint(this.applied, this.applied < this.replayTo)
      this.#deps.observer.committed(performance.now() - begun)
      this.users.letIdleGo()
    } catch (error) {
      if (isFenced(error)) this.#fail(error)
      throw error
    }
  }

  /** Like checkpoint, but also saves what changes meanwhile. */
  async saveAll(): Promise<void> {
    await this.checkpoint()
    await this.checkpoint()
  }

  /** Resolves when the log is applied up to the sequence; never if `givenUp` aborts before. */
  reach(sequence: number, givenUp?: AbortSignal): Promise<void> {
    if (this.#failure) return Promise.reject(this.#stopped())
    return this.#progress.reach(sequence, givenUp)
  }

  /** Keeps the outcomes of records until you call the returned function. */
  expect(): () => void {
    return this.#progress.expect()
  }

  recordOf(sequence: number): Applied {
    return this.#progress.recordOf(sequence)
  }

  /** Calls `read` with the profile between two of its turns; undefined for an unknown user. */
  async read<T>(name: string, read: (profile: Profile) => T): Promise<T | undefined> {
    const user = this.users.get(name)
    if (this.#failure) throw this.#stopped()
    if (!user) {
      const profile = await this.users.loadCold(name).catch((error) => {
        if (isFenced(error)) this.#fail(error)
        // All profiles of the shard are mended, so the reader should come back later.
        if (isDamaged(error)) void this.rebuilds.start().catch(() => {})
        throw this.#failure ? this.#stopped() : error
      })
      if (this.#failure) throw this.#stopped()
      return profile && read(profile)
    }
    return new Promise((resolve, reject) => {
      tell(user, { kind: 'read', read: (profile) => resolve(read(profile)), failed: reject })
    })
  }
}
