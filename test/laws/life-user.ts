// One user three ways: folded, folded through the store, and by brute force. Whatever differs is a
// failed expectation.
import { expect } from 'vitest'
import { OUTCOME } from '../../src/ingest/batch.ts'
import type { LifecycleState } from '../../src/lifecycle/lifecycle-state.ts'
import type { Action } from '../../src/model/action.ts'
import type { Fold } from '../../src/profile/fold.ts'
import { emptyProfile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import type { Effect } from '../../src/rules/effect.ts'
import type { Law } from './life-plans.ts'
import { NaiveLife, type NaiveStanding, type Place } from './naive-life.ts'

export class LifeUser {
  readonly law: Law
  readonly naive: NaiveLife
  readonly fold: Fold
  folded
  stored
  /** All that was set off, in order. */
  readonly effects: Effect[] = []
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

  get standing(): LifecycleState {
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
    this.effects.push(...naive!)
    expect(stored).toEqual(naive)
    const expected = this.naive.standing()
    expect(shown(this.law, this.standing)).toEqual(expected)
    expect(this.standing.clock).toBe(this.naive.clock)
    expect(encodeProfile(this.law.definition, this.stored).equals(this.encoded())).toBe(true)
  }
}

function shown({ definition }: Law, standing: LifecycleState): NaiveStanding {
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
