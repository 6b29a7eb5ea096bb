import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OUTCOME } from '../../src/ingest/batch.ts'
import type { Action } from '../../src/model/action.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import type { Standing } from '../../src/profile/standing.ts'
import type { Effect } from '../../src/rules/effect.ts'
import { ACTIONS, type Law, laws } from './life-plans.ts'
import { NaiveLife, type NaiveStanding, type Place, SECOND_MS } from './naive-life.ts'

const HOUR = 3_600
const DAY = 86_400
/** Each begins a little before its clock or its calendar turns. */
const STARTS = {
  'Europe/London': ['2026-11-20T23:50:00Z', '2026-03-29T00:50:00Z', '2026-10-25T00:52:10Z'],
  'America/St_Johns': ['2026-11-01T04:20:00Z', '2026-11-16T03:20:05Z'],
}

const away = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 1, 5) },
  { weight: 4, arbitrary: fc.integer({ min: -200, max: 200 }) },
  fc.integer({ min: -5, max: 5 }).map((near) => near - 2 * HOUR),
  fc.constantFrom(-DAY, -2 * DAY, -3 * DAY, -3 * DAY - 1, -4 * DAY),
)
const pause = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0, 1, 10) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 90 }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 400 }) },
  fc.integer({ min: 0, max: HOUR }),
)
const step = fc.record({
  kind: fc.oneof({ weight: 3, arbitrary: fc.constant('action' as const) }, fc.constant('tick' as const)),
  user: fc.integer({ min: 0, max: 1 }),
  id: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 3 }),
  name: fc.constantFrom(...ACTIONS),
  /** What `away` counts from. */
  from: fc.constantFrom('now' as const, 'newest' as const, 'clock' as const),
  away,
  /** Seconds since the step before. */
  pause,
  x: fc.constantFrom(-1, 0, 1, 2, 3, 2.5, 'a', null),
  ios: fc.boolean(),
  encodes: fc.boolean(),
  /** Seconds after the clock at which the standing is asked for. */
  peek: fc.integer({ min: 0, max: 300 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function shown({ definition }: Law, standing: Standing): NaiveStanding {
  const stageOf = (stage: number) => definition.lifecycle!.stages[stage]
  const pairs = (numbers: readonly number[]) =>
    numbers.flatMap((one, at) => (at % 2 === 0 ? [[one, numbers[at + 1]!] as const] : []))
  return {
    stage: stageOf(standing.stage),
    since: standing.stageSince,
    history: pairs(standing.history).map(([stage, since]) => ({ stage: stageOf(stage)!, since })),
    badges: pairs(standing.badges).map(([rule, at]) => [definition.rules[rule]!.badge!, at]),
  }
}

/** One user folded, folded through the store, and by brute force. */
class User {
  readonly law: Law
  readonly naive: NaiveLife
  readonly fold: Fold
  folded
  stored
  /** What arrived when, of the last accepted action. */
  #receivedAt = 0
  /** True since a tick looked at the user: no more history is waited for. */
  #ticked = false

  constructor(law: Law, fold: Fold, name: string) {
    this.law = law
    this.fold = fold
    this.naive = new NaiveLife(law.plan, name)
    this.folded = emptyProfile(law.definition)
    this.stored = emptyProfile(law.definition)
  }

  get standing(): Standing {
    return this.folded.standing!
  }

  apply(action: Action, place: Place, receivedAt: number): void {
    const effects: Effect[][] = [[], [], []]
    const before = this.encoded()
    if (this.naive.stage !== undefined) this.#checkWake(Math.max(action.occurredAt, this.naive.clock))
    const outcomes = [this.folded, this.stored].map((profile, index) =>
      this.fold.apply(profile, action, place, receivedAt, effects[index]!),
    )
    const expected = this.naive.apply(action, place, receivedAt, effects[2]!)
    expect(outcomes).toEqual([expected, expected])
    if (this.naive.unclear) return
    this.#check(effects)
    if (expected !== OUTCOME.accepted) {
      expect(this.encoded().equals(before)).toBe(true)
      return
    }
    this.#receivedAt = receivedAt
    this.#ticked = false
  }

  tick(at: number, place: Place): void {
    const effects: Effect[][] = [[], [], []]
    const { wakeAt } = this.standing
    const before = this.encoded()
    if (this.naive.stage !== undefined) this.#checkWake(at)
    const concerned = [this.folded, this.stored].map((profile, index) =>
      this.fold.tick(this.naive.user, profile, place, at, effects[index]!),
    )
    expect(concerned).toEqual([wakeAt <= at, wakeAt <= at])
    if (wakeAt <= at) {
      this.naive.pass(at, place, effects[2])
      this.#ticked = true
      expect(this.standing.wakeAt).toBeGreaterThan(at)
    } else {
      expect(this.encoded().equals(before)).toBe(true)
    }
    if (!this.naive.unclear) this.#check(effects)
  }

  /** Where the user stands later, when nothing more happens. */
  peek(at: number): void {
    if (this.naive.stage === undefined) return
    const later = this.naive.copy()
    later.pass(at, { shard: 0, sequence: 0, position: 0 })
    const before = this.encoded()
    if (later.unclear) return
    const standing = this.fold.standingAt(this.naive.user, this.folded, at)
    expect(shown(this.law, standing!)).toEqual(later.standing())
    expect(this.encoded().equals(before)).toBe(true)
  }

  encode(): void {
    this.stored = decodeProfile(this.law.definition, encodeProfile(this.law.definition, this.stored))
  }

  encoded(): Buffer {
    return encodeProfile(this.law.definition, this.folded)
  }

  /** The user is woken no later than time changes something, and not where nothing ends. */
  #checkWake(until: number): void {
    const { wakeAt } = this.standing
    const later = this.naive.afterNextChange(until)
    if (later.unclear) return
    const changes = later.clock === this.naive.clock ? Number.POSITIVE_INFINITY : later.clock
    const waits = !this.#ticked && wakeAt === this.#receivedAt + this.law.plan.historyWaitMs
    if (!this.#ticked && changes <= this.#receivedAt) expect(waits).toBe(true)
    expect(wakeAt).toBeGreaterThan(this.#ticked ? this.naive.clock : this.#receivedAt)
    if (waits) return
    expect(wakeAt).toBeLessThanOrEqual(changes)
    if (wakeAt <= until) expect(this.naive.mayChange(wakeAt)).toBe(true)
  }

  #check([folded, stored, naive]: Effect[][]): void {
    expect(folded).toEqual(naive)
    expect(stored).toEqual(naive)
    const expected = this.naive.standing()
    expect(shown(this.law, this.standing)).toEqual(expected)
    expect(this.standing.clock).toBe(this.naive.clock)
    expect(encodeProfile(this.law.definition, this.stored).equals(this.encoded())).toBe(true)
  }
}

function live(law: Law, start: number, ahead: number, story: readonly Step[]): void {
  const fold = new Fold(law.definition)
  const users = ['u0', 'u1'].map((name) => new User(law, fold, name))
  let now = start + ahead * SECOND_MS
  for (const [index, each] of story.entries()) {
    const user = users[each.user]!
    const place = { shard: 3, sequence: index + 1, position: index % 3 }
    now += each.pause * SECOND_MS
    if (each.kind === 'tick') user.tick(now, place)
    else user.apply(actionOf(each, index, user, start, now), place, now)
    if (each.encodes) user.encode()
    if (user.naive.unclear) return
    user.peek(user.naive.clock + each.peek * SECOND_MS)
  }
}

function actionOf(step: Step, index: number, user: User, start: number, now: number): Action {
  const { id, name, x, ios } = step
  const { clock, actions } = user.naive
  const from = clock === 0 ? start : { now, clock, newest: actions.newestAt }[step.from]
  const away = clock === 0 ? Math.abs(step.away) % HOUR : step.away
  return {
    ...{ id: id === null ? `fresh${index}` : `i${id}`, user: user.naive.user, action: name },
    occurredAt: from + away * SECOND_MS,
    properties: x === null ? {} : { x },
    ...(ios && { channel: 'ios' }),
  }
}

describe.each(Object.keys(STARTS) as (keyof typeof STARTS)[])('in %s', (zone) => {
  test('stages, timers and decisions equal those of looking at everything again at every second', () => {
    fc.assert(
      fc.property(
        laws(zone),
        fc.constantFrom(...STARTS[zone]).map((text) => Date.parse(text)),
        fc.constantFrom(0, 0, 30, 600, 2 * HOUR),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        (law, start, ahead, story) => {
          live(law, start, ahead, story)
        },
      ),
      { numRuns: 300 },
    )
  })
})
