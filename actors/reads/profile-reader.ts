// Answers reads from the shards of this thread, once they have applied what the reader asks for.
import type { Definition } from '../../src/definition/definition.ts'
import type {
  CountsOptions,
  CountsView,
  ExplainOptions,
  ExplainView,
  ProfileReads,
  ProfileView,
  ReadOptions,
  TimelineOptions,
  TimelineView,
} from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import { dayOfDate } from '../../src/model/civil-date.ts'
import { isoOf } from '../../src/model/instant.ts'
import { readDayCounts } from '../../src/profile/counts-view.ts'
import type { Fold } from '../../src/profile/fold.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { readFeatures, readInstant, selectFeatures } from '../../src/profile/read.ts'
import type { Standing } from '../../src/profile/standing.ts'
import { readStanding } from '../../src/profile/standing-view.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { within } from '../../src/runtime/deadline.ts'
import type { ShardRunner } from '../shard/shard-runner.ts'
import { explained } from './explained.ts'
import { readNewest, readTimeline } from './timeline-reader.ts'

/** Actions shown behind an explained feature or rule. */
const EXPLAINED_ACTIONS_MAX = 10

export class ProfileReader implements ProfileReads {
  readonly #definition: Definition
  readonly #log: ActionLog
  readonly #clock: Clock
  readonly #runnerOf: (user: string) => ShardRunner

  constructor(definition: Definition, log: ActionLog, clock: Clock, runnerOf: (user: string) => ShardRunner) {
    this.#definition = definition
    this.#log = log
    this.#clock = clock
    this.#runnerOf = runnerOf
  }

  async profile(user: string, options: ReadOptions): Promise<ProfileView | undefined> {
    const runner = await this.#readyRunner(user, options.minSequence)
    const now = this.#clock.now()
    // Stated as of before the read: while a cold profile is on its way, the shard goes on.
    const asOf = asOfNow(runner, now)
    const view = profileView(this.#definition, runner.fold, user, options, now)
    const read = await runner.read(user, view)
    if (!read) return undefined
    return { userId: user, ...read, asOf, source: 'live' }
  }

  async counts(user: string, { action, from, to }: CountsOptions): Promise<CountsView | undefined> {
    const { calendar, timezone } = this.#definition
    const span = { ...dayBound('from', from), ...dayBound('to', to), ...(action !== undefined && { action }) }
    const runner = await this.#readyRunner(user)
    const read = await runner.read(user, (profile) => readDayCounts(calendar, profile, span))
    return read && { userId: user, action: action ?? null, timezone, ...read }
  }

  async timeline(user: string, options: TimelineOptions): Promise<TimelineView | undefined> {
    const runner = await this.#readyRunner(user)
    const timeline = await runner.read(user, (profile) => [...profile.timeline])
    if (!timeline) return undefined
    return { userId: user, ...(await readTimeline(this.#log, runner.shard, timeline, options)) }
  }

  async explain(user: string, name: string, { at }: ExplainOptions): Promise<ExplainView | undefined> {
    const subject = explained(this.#definition, name)
    const runner = await this.#readyRunner(user)
    const now = this.#clock.now()
    const asOf = asOfNow(runner, now)
    const read = await runner.read(user, (profile) => {
      const instant = readInstant(profile, at, now)
      const standing = runner.fold.standingAt(user, profile, instant)
      checkNotBefore(standing, instant)
      return { ...subject.explain(user, profile, standing, instant), timeline: [...profile.timeline] }
    })
    if (!read) return undefined
    const { view, counts, timeline } = read
    const { actions } = await readNewest(this.#log, runner.shard, timeline, EXPLAINED_ACTIONS_MAX, counts)
    const definition = { fingerprint: this.#definition.fingerprint, declared: subject.declared }
    return { userId: user, name, definition, ...view, actions, asOf }
  }

  /** The user's shard, once it has replayed its log and reached `minSequence`. */
  async #readyRunner(user: string, minSequence = 0): Promise<ShardRunner> {
    const runner = this.#runnerOf(user)
    if (runner.failure) throw new PulseprintError('NOT_READY', runner.failure, { retryAfterSeconds: 10 })
    await this.#wait(runner, runner.replayTo, 'NOT_READY', 'the shard is still replaying its log')
    const missing = `shard ${runner.shard} has not applied sequence ${minSequence} yet`
    await this.#wait(runner, minSequence, 'NOT_YET_APPLIED', missing)
    return runner
  }

  async #wait(runner: ShardRunner, sequence: number, code: 'NOT_READY' | 'NOT_YET_APPLIED', message: string) {
    if (runner.applied >= sequence) return
    const late = () => new PulseprintError(code, message, { retryAfterSeconds: 1 })
    const givenUp = new AbortController()
    const reached = runner.reach(sequence, givenUp.signal)
    await within(reached, LIMITS.readWaitMs, this.#clock, late).finally(() => givenUp.abort())
  }
}

/** What a reader gets to see of a profile. Errors: UNKNOWN_FEATURE; AT_TOO_EARLY when it is applied. */
export function profileView(
  definition: Definition,
  fold: Fold,
  user: string,
  { at, fields }: ReadOptions,
  now: number,
) {
  const wanted = selectFeatures(definition, fields)
  return (profile: Profile) => {
    const instant = readInstant(profile, at, now)
    const standing = fold.standingAt(user, profile, instant)
    return {
      ...readFeatures(definition, profile, wanted, instant),
      ...readStanding(definition, standing, instant),
    }
  }
}

function asOfNow({ shard, epoch, applied }: ShardRunner, now: number): ProfileView['asOf'] {
  return { shard, epoch, sequence: applied, at: isoOf(now) }
}

function dayBound(name: 'from' | 'to', date: string | undefined): { from?: number; to?: number } {
  if (date === undefined) return {}
  const day = dayOfDate(date)
  if (day === undefined) throw new PulseprintError('INVALID_REQUEST', `${name} must be a date, YYYY-MM-DD`)
  return { [name]: day }
}

/** What time did to the user after the instant is known, but not how all stood before. Errors: AT_TOO_EARLY. */
function checkNotBefore(standing: Standing | undefined, at: number): void {
  if (!standing || standing.clock <= at) return
  const clock = isoOf(standing.clock)
  throw new PulseprintError(
    'AT_TOO_EARLY',
    `the user's stage and rules are known from ${clock} on; ask for that instant or later`,
  )
}
