// The life of one user by brute force: a list of accepted actions, and everything looked at again
// at every second. No due times, no skipping of rules that nothing touched. The laws compare the
// engine with this.

import { OUTCOME, type Outcome } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Action } from '../../src/model/action.ts'
import type { Value } from '../../src/model/value.ts'
import { parseWindow } from '../../src/model/window.ts'
import type { Effect } from '../../src/rules/effect.ts'
import { type NaiveFeature, NaiveProfile } from '../support/naive-profile.ts'
import { NAIVE } from './naive-aggregates.ts'
import { naiveContains } from './naive-windows.ts'

export const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** What an expression sees. */
export interface Seen {
  user: string
  action: Action | undefined
  stage: string
  since: number
  badges: ReadonlyMap<string, number>
  feature(name: string): Value
}

/** A CEL text, and beside it what it means; undefined: it has no value. */
export interface Term {
  cel: string
  value(seen: Seen): Value | undefined
  /** Features it reads. */
  reads: readonly string[]
}

export interface NaiveTransition {
  from: readonly string[] | '*'
  to: string
  on?: readonly string[] | '*' | undefined
  when?: Term | undefined
  after?: { seconds: number; since: 'action' | 'stage' } | undefined
}

export interface NaiveRule {
  name: string
  on?: { actions: readonly string[] | '*' } | { stages: readonly string[] | '*' }
  when?: Term | undefined
  stream?: string | undefined
  payload?: Record<string, Term> | undefined
  limit?: { times: number; per?: string } | undefined
  cooldownSeconds?: number | undefined
  badge?: string | undefined
}

export interface NaivePlan {
  zone: string
  latenessLimitMs: number
  idempotencyWindowMs: number
  historyWaitMs: number
  features: readonly NaiveFeature[]
  /** The first is the initial one. */
  stages: readonly string[]
  transitions: readonly NaiveTransition[]
  rules: readonly NaiveRule[]
}

export interface Place {
  shard: number
  sequence: number
  position: number
}

export interface NaiveStanding {
  /** Undefined before the first action. */
  stage: string | undefined
  since: number
  /** Earlier stages, oldest first. */
  history: { stage: string; since: number }[]
  badges: [name: string, at: number][]
}

const includes = (names: readonly string[] | '*', name: string) => names === '*' || names.includes(name)

export class NaiveLife {
  readonly user: string
  readonly actions: NaiveProfile
  stage: string | undefined
  since = 0
  history: { stage: string; since: number }[] = []
  clock = 0
  badges = new Map<string, number>()
  /** When each rule fired. */
  fired = new Map<string, number[]>()
  holding = new Set<string>()
  /**
   * True where the last evaluation ended only because each stage is entered once: contradictory
   * guards.
   */
  restless = false
  /** True where it was restless when a value left a window that the engine may keep no tile for. */
  unclear = false
  readonly #plan: NaivePlan
  #place: Place = { shard: 0, sequence: 0, position: 0 }
  #effects: Effect[] = []
  #values = new Map<string, Value>()
  #valuesOf = ''

  constructor(plan: NaivePlan, user: string, actions = new NaiveProfile(plan)) {
    this.#plan = plan
    this.user = user
    this.actions = actions
  }

  /** What an action does; its effects are added to `effects`. */
  apply(action: Action, place: Place, receivedAt: number, effects: Effect[]): Outcome {
    const newestAt = this.actions.newestAt
    const outcome = this.actions.apply(action, place.sequence, place.position, receivedAt)
    if (outcome !== OUTCOME.accepted) return outcome
    // Time passes before the action is there.
    const counted = this.actions.accepted.pop()!
    const at = Math.max(action.occurredAt, this.clock)
    this.#place = place
    this.#effects = []
    if (newestAt > 0) this.#pass(at)
    this.actions.accepted.push(counted)
    this.clock = at
    this.#react(action, at)
    effects.push(...this.#effects)
    return outcome
  }

  /** All that is due by `at` happens; what happens is added to `effects`. */
  pass(at: number, place: Place, effects: Effect[] = []): void {
    this.#place = place
    this.#effects = []
    if (this.stage !== undefined) this.#pass(at)
    effects.push(...this.#effects)
  }

  /** Changes by this copy are not seen by the original. */
  copy(): NaiveLife {
    const copy = new NaiveLife(this.#plan, this.user, this.actions)
    const { stage, since, clock, restless, unclear } = this
    return Object.assign(copy, {
      ...{ stage, since, clock, restless, unclear },
      history: [...this.history],
      badges: new Map(this.badges),
      fired: new Map([...this.fired].map(([rule, times]) => [rule, [...times]])),
      holding: new Set(this.holding),
    })
  }

  /** What it is after the first second, up to `until`, at which time changes something. */
  afterNextChange(until: number): NaiveLife {
    const copy = this.copy()
    copy.#pass(until, true)
    return copy
  }

  standing(): NaiveStanding {
    const { stage, since, history } = this
    return { stage, since, history: [...history], badges: [...this.badges] }
  }

  #pass(to: number, once = false): void {
    let restless = this.restless
    for (let at = this.clock + SECOND_MS; at <= to; at += SECOND_MS) {
      if (this.restless) {
        // Guards that contradict each other are looked at where something ends, and not at every
        // second.
        if (!this.mayChange(at, this.#looksAt(at))) continue
        if (!this.mayChange(at, this.#looksAt(at).filter(keepsEveryTile))) this.unclear = true
      }
      const changed = this.#moveByState(undefined, at, new Set())
      if (!this.#watch(at, undefined) && !changed) continue
      this.clock = at
      restless = this.restless
      if (once) break
    }
    // What was seen without a change will be seen again: time goes on from the clock.
    this.restless = restless
  }

  #react(action: Action, at: number): void {
    if (this.stage === undefined) {
      this.stage = this.#plan.stages[0]!
      this.since = at
    }
    const entered = new Set<string>()
    const first = this.#plan.transitions.find((one) => this.#movesOn(one, action, at))
    if (first) this.#enter(first.to, action, at, entered)
    this.#moveByState(action, at, entered)
    for (const rule of this.#plan.rules) {
      if (rule.on && 'actions' in rule.on && includes(rule.on.actions, action.action)) {
        this.#try(rule, action, at)
      }
    }
    this.#watch(at, action)
  }

  #leaves({ from, to }: NaiveTransition): boolean {
    return from === '*' ? this.stage !== to : from.includes(this.stage!)
  }

  #movesOn(transition: NaiveTransition, action: Action, at: number): boolean {
    const { on, when } = transition
    if (on === undefined || !includes(on, action.action) || !this.#leaves(transition)) return false
    // Nothing was announced yet where the user is still where everybody begins.
    if (action.occurredAt < this.since && this.history.length > 0) return false
    return this.#holds(when, action, at)
  }

  #moveByState(action: Action | undefined, at: number, entered: Set<string>): boolean {
    let changed = false
    for (;;) {
      const holding = this.#plan.transitions.filter((one) => this.#movesByState(one, at))
      const next = holding.find(({ to }) => !entered.has(to))
      this.restless = holding.length > 0 && !next
      if (!next) return changed
      this.#enter(next.to, action, at, entered)
      changed = true
    }
  }

  #movesByState(transition: NaiveTransition, at: number): boolean {
    const { on, after, when } = transition
    if (on !== undefined || !this.#leaves(transition) || this.#upAt(transition) > at) return false
    if (after?.since === 'action' && this.#upAt(transition) <= this.since) return false
    return this.#holds(when, undefined, at)
  }

  #enter(to: string, action: Action | undefined, at: number, entered: Set<string>): void {
    const from = this.stage!
    this.history = [...this.history, { stage: from, since: this.since }].slice(-LIMITS.stageHistoryMax)
    this.stage = to
    this.since = at
    entered.add(to)
    this.#effects.push({ ...this.#origin(action, at), kind: 'stage', from, to })
    for (const rule of this.#plan.rules) {
      if (rule.on && 'stages' in rule.on && includes(rule.on.stages, to)) this.#try(rule, action, at)
    }
  }

  /** Looks at the conditions that no action and no stage asks for. True where one turned. */
  #watch(at: number, action: Action | undefined): boolean {
    let turned = false
    for (const rule of this.#plan.rules.filter(({ on }) => !on)) {
      const held = this.holding.has(rule.name)
      const holds = this.#holds(rule.when, undefined, at)
      if (held !== holds) turned = true
      if (holds) this.holding.add(rule.name)
      else this.holding.delete(rule.name)
      if (holds && !held) this.#try(rule, action, at)
    }
    return turned
  }

  #try(rule: NaiveRule, action: Action | undefined, at: number): void {
    const shown = rule.on && 'actions' in rule.on ? action : undefined
    if (!this.#holds(rule.when, shown, at)) return
    const fired = this.fired.get(rule.name) ?? []
    if (fired.length > 0 && at - fired.at(-1)! < (rule.cooldownSeconds ?? 0) * SECOND_MS) return
    const { limit, stream, badge, payload } = rule
    const counted =
      limit?.per === undefined ? fired : fired.filter((one) => this.#inside(limit.per!, at, one))
    if (limit && counted.length >= limit.times) return
    this.fired.set(rule.name, [...fired, at])
    if (badge !== undefined && !this.badges.has(badge)) this.badges.set(badge, at)
    const leaves = Object.entries(payload ?? {})
    const seen = this.#seen(shown, at)
    this.#effects.push({
      ...this.#origin(action, at),
      ...{ kind: 'decision', rule: rule.name, badge, stream },
      payload: payload && Object.fromEntries(leaves.map(([key, term]) => [key, term.value(seen) ?? null])),
    })
  }

  #origin(action: Action | undefined, at: number) {
    const { shard, sequence, position } = this.#place
    const id = `${shard}.${sequence}.${position}.${this.#effects.length}`
    return { id, user: this.user, position, at, actionId: action?.id, action: action?.action }
  }

  #holds(when: Term | undefined, action: Action | undefined, at: number): boolean {
    return !when || when.value(this.#seen(action, at)) === true
  }

  #seen(action: Action | undefined, at: number): Seen {
    const { user, badges, since } = this
    return { user, action, stage: this.stage!, since, badges, feature: (name) => this.#feature(name, at) }
  }

  #feature(name: string, at: number): Value {
    // Windows begin at whole minutes: within one, and with the same actions, the value is the same.
    const stamp = `${this.actions.accepted.length} ${Math.floor(at / MINUTE_MS)}`
    if (stamp !== this.#valuesOf) this.#values = new Map()
    this.#valuesOf = stamp
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const feature = this.#plan.features.find((one) => one.name === name)!
    const happened = this.#happened(feature).filter((one) => this.#inside(feature.window, at, one.at))
    const value = NAIVE[feature.aggregate](happened)
    this.#values.set(name, value)
    return value
  }

  #happened({ aggregate, action: name, onlyIos }: NaiveFeature) {
    return this.actions.accepted.flatMap(({ action }) => {
      if (name !== undefined && action.action !== name) return []
      if (onlyIos && action.channel !== 'ios') return []
      const value = aggregate === 'count' ? true : (action.properties.x as Value | undefined)
      return value === undefined || value === null ? [] : [{ at: action.occurredAt, value }]
    })
  }

  #inside(window: string | undefined, at: number, occurredAt: number): boolean {
    return window === undefined || inWindow(this.#plan.zone, window, at)(occurredAt)
  }

  /**
   * Whether anything at all ends at this second: a silence, a time in the stage, or an action's
   * place in a window.
   */
  mayChange(at: number, features: readonly NaiveFeature[] = this.#plan.features): boolean {
    const ends = this.#plan.transitions.some(
      (one) => one.after && this.#leaves(one) && this.#upAt(one) === at,
    )
    return ends || features.some((feature) => this.#loses(feature, at))
  }

  #upAt({ after }: NaiveTransition): number {
    if (!after) return 0
    return (after.since === 'stage' ? this.since : this.actions.newestAt) + after.seconds * SECOND_MS
  }

  #loses(feature: NaiveFeature, at: number): boolean {
    const { window } = feature
    if (window === undefined) return false
    return this.#happened(feature).some(
      (one) => this.#inside(window, at - SECOND_MS, one.at) && !this.#inside(window, at, one.at),
    )
  }

  /** Features of the conditions that are looked at in the present stage as time goes on. */
  #looksAt(at: number): readonly NaiveFeature[] {
    const { transitions, rules, features } = this.#plan
    const open = transitions.filter((one) => {
      if (one.on || !this.#leaves(one) || this.#upAt(one) >= at) return false
      return one.after?.since !== 'action' || this.#upAt(one) > this.since
    })
    const read = new Set([...open, ...rules.filter(({ on }) => !on)].flatMap(({ when }) => when?.reads ?? []))
    return features.filter(({ name }) => read.has(name))
  }
}

const keepsEveryTile = ({ aggregate }: NaiveFeature) => ['count', 'first', 'last'].includes(aggregate)

/**
 * Answers that luxon has given, by window and minute: asking it at every second would take minutes.
 */
const answers = new Map<string, (occurredAt: number) => boolean>()

function inWindow(zone: string, text: string, at: number): (occurredAt: number) => boolean {
  const key = `${zone} ${text} ${Math.floor(at / MINUTE_MS)}`
  const answer = answers.get(key) ?? remembering(naiveContains(zone, parseWindow(text)!, at))
  if (answers.size > 100_000) answers.clear()
  answers.set(key, answer)
  return answer
}

function remembering(contains: (occurredAt: number) => boolean): (occurredAt: number) => boolean {
  const known = new Map<number, boolean>()
  return (occurredAt) => {
    const inside = known.get(occurredAt) ?? contains(occurredAt)
    known.set(occurredAt, inside)
    return inside
  }
}
