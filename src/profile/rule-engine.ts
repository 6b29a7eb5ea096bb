// How a user's state reacts to an action or to time: timers, transitions, rules. Pure: every
// instant comes from the action or the tick, and the effects are returned.
import type { Definition } from '../definition/definition.ts'
import type { Transition } from '../lifecycle/lifecycle.ts'
import { dueAt, type LifecycleState } from '../lifecycle/lifecycle-state.ts'
import {
  actionTransition,
  guardsMakeCircle,
  nextTimer,
  stateTransition,
  timeIsUpAt,
} from '../lifecycle/transitions.ts'
import { LIMITS } from '../limits.ts'
import type { Action } from '../model/action.ts'
import type { Condition } from '../model/evaluation-context.ts'
import { Section } from '../numbers/section.ts'
import type { Effect } from '../rules/effect.ts'
import { countFiring, heldBackBy, isHeldOut } from '../rules/fire.ts'
import { byPriority, isOpen, type Rule } from '../rules/rule.ts'
import type { Profile } from './profile.ts'
import { ProfileContext } from './profile-context.ts'

/** The place of an action, or of a user of a tick, in the log. */
export interface Place {
  shard: number
  sequence: number
  position: number
}

export class Reaction {
  readonly #definition: Definition
  readonly #situation: ProfileContext
  readonly #stageRules: readonly Rule[]
  readonly #conditionRules: readonly Rule[]
  readonly #guardsMakeCircle: boolean
  readonly #section = new Section()
  /** Stages that may not be entered again in this evaluation. */
  readonly #entered: number[] = []
  /** Groups of rules of which one has fired in this evaluation. */
  readonly #groups: string[] = []
  #effects: Effect[] = []
  #place: Place = { shard: 0, sequence: 0, position: 0 }
  #ordinal = 0
  #changed = false

  constructor(definition: Definition) {
    this.#definition = definition
    this.#situation = new ProfileContext(definition)
    this.#guardsMakeCircle = definition.lifecycle !== undefined && guardsMakeCircle(definition.lifecycle)
    const rules = byPriority(definition.rules)
    this.#stageRules = rules.filter(({ trigger }) => trigger.kind === 'stage')
    this.#conditionRules = rules.filter(({ trigger }) => trigger.kind === 'condition')
  }

  /** The effects that follow belong to this place of the log. */
  begin(place: Place, effects: Effect[]): void {
    this.#place = place
    this.#effects = effects
    this.#ordinal = 0
  }

  /**
   * Fires what is due at or before `until`, each at its own instant, in order. Changes `standing`.
   */
  fireDue(user: string, profile: Profile, standing: LifecycleState, until: number): void {
    for (let due = dueAt(standing); due <= until; due = dueAt(standing)) {
      this.#situation.look(user, profile, standing, due, undefined)
      this.#startEvaluation()
      const moved = this.#moveByState(profile, standing, due)
      // Conditions can change when a stage does, or when a tile leaves a window.
      if (moved || standing.conditionsDue <= due) this.#checkConditions(this.#conditionRules, standing, due)
      if (this.#changed) standing.clock = due
      standing.timersDue = nextTimer(this.#lifecycle, standing, profile.newestAt, due)
      // Also if only a timer looked, because from now on its transition waits for its condition.
      standing.conditionsDue = this.#nextChange(profile, standing, due)
    }
  }

  /**
   * Reacts to an action that was just counted.
   * @param at the instant of the user's clock, epoch ms; never before the action or the clock
   * @param wasLate true if the user's clock had passed the action
   */
  react(profile: Profile, standing: LifecycleState, action: Action, at: number, wasLate: boolean): void {
    const { lifecycle } = this.#definition
    const { rules, conditions, moves, touchesGuards } = this.#definition.triggersOf(action.action)
    this.#situation.look(action.user, profile, standing, at, action)
    this.#startEvaluation()
    const isFirst = standing.stage === -1
    if (isFirst) {
      standing.stage = 0
      standing.stageSince = at
    }
    let moved = isFirst
    if (lifecycle) {
      const transition = moves ? actionTransition(lifecycle, standing, action, this.#situation) : undefined
      if (transition) {
        this.#enter(transition, standing, at)
        moved = true
      }
      const looks = moved || touchesGuards || wasLate || this.#guardsMakeCircle
      if (looks) moved = this.#moveByState(profile, standing, at) || moved
    }
    for (const rule of rules) this.#try(rule, standing, at)
    this.#checkConditions(moved ? this.#conditionRules : conditions, standing, at)
    standing.clock = at
    standing.timersDue = nextTimer(this.#lifecycle, standing, profile.newestAt, at)
    // A late action can start a silence that is already over.
    if (moved || wasLate) standing.conditionsDue = this.#nextChange(profile, standing, at)
    else if (touchesGuards || conditions.length > 0) {
      standing.conditionsDue = Math.min(standing.conditionsDue, this.#nextChange(profile, standing, at))
    }
  }

  get #lifecycle() {
    return this.#definition.lifecycle ?? NO_LIFECYCLE
  }

  #startEvaluation(): void {
    this.#entered.length = 0
    this.#groups.length = 0
    this.#changed = false
  }

  #moveByState(profile: Profile, standing: LifecycleState, at: number): boolean {
    let moved = false
    for (;;) {
      const { newestAt } = profile
      const transition = stateTransition(
        this.#lifecycle,
        standing,
        newestAt,
        at,
        this.#situation,
        this.#entered,
      )
      if (!transition) return moved
      this.#enter(transition, standing, at)
      moved = true
    }
  }

  #enter({ to }: Transition, standing: LifecycleState, at: number): void {
    const { stages } = this.#lifecycle
    const from = stages[standing.stage]!
    standing.history.push(standing.stage, standing.stageSince)
    if (standing.history.length > LIMITS.stageHistoryMax * 2) standing.history.splice(0, 2)
    standing.stage = to
    standing.stageSince = at
    this.#entered.push(to)
    this.#changed = true
    this.#effects.push({ kind: 'stage', ...this.#origin(at), from, to: stages[to]! })
    for (const rule of this.#stageRules) {
      const { trigger } = rule
      if (trigger.kind === 'stage' && (trigger.stages?.has(to) ?? true)) this.#try(rule, standing, at)
    }
  }

  #checkConditions(rules: readonly Rule[], standing: LifecycleState, at: number): void {
    for (const rule of rules) {
      const held = standing.holding.indexOf(rule.index)
      const holds = this.#holds(rule, held >= 0, at)
      if (holds === held >= 0) continue
      this.#changed = true
      if (holds) {
        standing.holding.push(rule.index)
        standing.holding.sort((a, b) => a - b)
        this.#fireUnlessHeldBack(rule, standing, at)
      } else {
        standing.holding.splice(held, 1)
      }
    }
  }

  /** @param held whether it held until now */
  #holds(rule: Rule, held: boolean, at: number): boolean {
    if (!isOpen(rule, at)) return false
    if (held && rule.rearm) return !rule.rearm.holds(this.#situation)
    return rule.when!.holds(this.#situation)
  }

  #try(rule: Rule, standing: LifecycleState, at: number): void {
    if (!rule.when || rule.when.holds(this.#situation)) this.#fireUnlessHeldBack(rule, standing, at)
  }

  #fireUnlessHeldBack(rule: Rule, standing: LifecycleState, at: number): void {
    const { calendar, rules } = this.#definition
    if (heldBackBy(rule, standing, at, calendar) !== undefined) return
    if (rule.audience && !rule.audience.holds(this.#situation)) return
    const { group, name } = rule
    if (group !== undefined) {
      if (this.#groups.includes(group)) return
      this.#groups.push(group)
    }
    const held = isHeldOut(rule, this.#situation.user)
    countFiring(rule, rules, standing, at, !held)
    this.#changed = true
    const payload = rule.payload?.evaluate(this.#situation)
    const { badge, stream } = rule
    const decided = { ...this.#origin(at), rule: name, payload }
    this.#effects.push(
      held ? { kind: 'holdout', ...decided } : { kind: 'decision', ...decided, badge, stream },
    )
  }

  #origin(at: number) {
    const { shard, sequence, position } = this.#place
    const { user, action } = this.#situation
    const id = `${shard}.${sequence}.${position}.${this.#ordinal++}`
    return { id, user, position, at, actionId: action?.id, action: action?.action }
  }

  /** The first instant after `at` at which a tile leaves a window that a condition reads. */
  #nextChange(profile: Profile, standing: LifecycleState, at: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const rule of this.#conditionRules) {
      const { from, until } = rule
      if (at < from) next = Math.min(next, from)
      else if (at < until) next = Math.min(next, until, this.#tileLeaves(rule.when!, profile, at))
      if (rule.rearm && at < until) next = Math.min(next, this.#tileLeaves(rule.rearm, profile, at))
    }
    for (const transition of this.#lifecycle.transitions) {
      const { on, when, from } = transition
      if (on !== undefined || !when || !from.has(standing.stage)) continue
      // Before its time is up, the condition need not be looked at. Then its timer looks.
      if (timeIsUpAt(transition, standing, profile.newestAt) > at) continue
      next = Math.min(next, this.#tileLeaves(when, profile, at))
    }
    return next
  }

  #tileLeaves({ features }: Condition, profile: Profile, at: number): number {
    const { calendar } = this.#definition
    let next = Number.POSITIVE_INFINITY
    for (const index of features) {
      const { window, series, operator } = this.#definition.features[index]!
      if (window.kind === 'lifetime') continue
      this.#section.select(profile, series)
      const oldest = operator.oldest(this.#section, calendar.windowStart(window, at))
      if (oldest !== undefined) next = Math.min(next, calendar.leavesAt(window, oldest))
    }
    return next
  }
}

const NO_LIFECYCLE = { stages: [], transitions: [] }
