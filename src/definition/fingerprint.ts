// The fingerprint of a definition. If two definitions have the same one, they store the same state,
// so it can be kept.
import { createHash } from 'node:crypto'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import type { Condition } from '../model/evaluation-context.ts'
import type { Rule } from '../rules/rule.ts'
import type { DerivedFeature, Feature } from './definition.ts'
import { nameOf } from './share-series.ts'

/** Raise it when the same definition leads to other stored bytes. */
const STATE_VERSION = 2

export interface StateBasis {
  timezone: string
  latenessLimitMs: number
  idempotencyWindowMs: number
  historyWaitMs: number
  features: readonly Feature[]
  derived: readonly DerivedFeature[]
  /**
   * Keys of the series in their order, each with the windows that decide how long its tiles are
   * kept.
   */
  series: { key: string; retention: string[] }[]
  /** Names of the declared actions in their order. */
  actions: string[]
  guards: ReadonlyMap<string, Condition>
  lifecycle: Lifecycle | undefined
  rules: readonly Rule[]
}

/** SHA-256, hex. */
export function fingerprintOf(basis: StateBasis): string {
  const { timezone, latenessLimitMs, idempotencyWindowMs, actions } = basis
  const series = basis.series.map(({ key, retention }) => [key, retention])
  const counted = [STATE_VERSION, timezone, latenessLimitMs, idempotencyWindowMs, series, actions]
  const canonical = [...counted, ...triggersFor(basis)]
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex')
}

/**
 * Profiles store stages and rules by their place, so their order counts. Empty if there are none.
 */
function triggersFor(basis: StateBasis): unknown[][] {
  const { guards, lifecycle, rules, historyWaitMs, features, derived, series } = basis
  const guardTexts = [...guards].map(([action, guard]) => [action, whenOf(guard)]).sort()
  const guarded = guardTexts.length > 0 ? [['guards', guardTexts]] : []
  if (!lifecycle && rules.length === 0) return guarded
  const transitions = lifecycle?.transitions.map(({ from, to, on, when, silenceMs, dwellMs }) => [
    namesOf(from),
    to,
    on === 'any' ? on : namesOf(on),
    whenOf(when),
    silenceMs ?? null,
    dwellMs ?? null,
  ])
  const ruleTexts = rules.map((rule) => [
    rule.name,
    triggerOf(rule),
    whenOf(rule.when),
    rule.limit ? [rule.limit.times, nameOf(rule.limit.window)] : null,
    rule.cooldownMs,
    rule.badge ?? null,
    ...campaignOf(rule),
    ...(rule.audience || rule.rearm ? [whenOf(rule.audience), whenOf(rule.rearm)] : []),
  ])
  return [[historyWaitMs, lifecycle?.stages ?? null, transitions ?? null, ruleTexts], ...guarded]

  /**
   * Features gave the stages and badges their meaning, and a feature of the same name may mean
   * something else now.
   */
  function whenOf(when: Condition | undefined): unknown {
    if (!when) return null
    const meanings = when.features.map((index) => {
      const { series: place, window, reads } = features[index]!
      return [series[place]!.key, nameOf(window), ...(reads ? [reads] : [])]
    })
    const formulas = when.derived.map((place) => [derived[place]!.name, derived[place]!.formula])
    return formulas.length > 0 ? [when.source, meanings, formulas] : [when.source, meanings]
  }
}

/** Empty for a rule that is no campaign. */
function campaignOf({ from, until, holdout, group, priority }: Rule): unknown[] {
  const always = from === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY
  if (always && holdout === 0 && group === undefined && priority === 0) return []
  // JSON has no infinite numbers.
  return [`${from} ${until} ${holdout} ${priority}`, group ?? null]
}

function triggerOf({ trigger }: Rule): unknown[] {
  if (trigger.kind === 'condition') return [trigger.kind]
  return [trigger.kind, namesOf(trigger.kind === 'action' ? trigger.actions : trigger.stages)]
}

/** In any fixed order; null for undefined. */
function namesOf(names: ReadonlySet<string | number> | undefined): (string | number)[] | null {
  return names ? [...names].sort() : null
}
