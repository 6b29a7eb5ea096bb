// Computes once what an action of each name can set off, so that no action pays for rules it cannot
// touch.

import type { Series } from '../features/series.ts'
import type { Lifecycle } from '../lifecycle/lifecycle.ts'
import type { Condition } from '../model/evaluation-context.ts'
import { byPriority, type Rule } from '../rules/rule.ts'
import type { Feature, Triggers } from './definition.ts'

interface Parts {
  features: readonly Feature[]
  series: readonly Series[]
  lifecycle: Lifecycle | undefined
  rules: readonly Rule[]
}

/**
 * Names that the document does not mention share one answer, so that names sent by clients take no
 * memory.
 */
export function triggersByAction(parts: Parts): (name: string) => Triggers {
  const byName = new Map([...namesIn(parts)].map((name) => [name, triggersFor(parts, name)]))
  const others = triggersFor(parts, undefined)
  return (name) => byName.get(name) ?? others
}

function namesIn({ series, lifecycle, rules }: Parts): Set<string> {
  const names = new Set(series.flatMap(({ actions }) => [...(actions ?? [])]))
  for (const { trigger } of rules) {
    if (trigger.kind === 'action') for (const name of trigger.actions ?? []) names.add(name)
  }
  for (const { on } of lifecycle?.transitions ?? []) {
    if (on !== 'any') for (const name of on ?? []) names.add(name)
  }
  return names
}

/** @param name undefined for a name that the document does not mention */
function triggersFor(parts: Parts, name: string | undefined): Triggers {
  const { features, series, lifecycle } = parts
  const rules = byPriority(parts.rules)
  const includes = (names: ReadonlySet<string> | undefined) =>
    !names || (name !== undefined && names.has(name))
  const touched = features.map((feature) => includes(series[feature.series]!.actions))
  const touches = (when: Condition | undefined) => when?.features.some((index) => touched[index]) === true
  const transitions = lifecycle?.transitions ?? []
  return {
    rules: rules.filter(({ trigger }) => trigger.kind === 'action' && includes(trigger.actions)),
    conditions: rules.filter(
      ({ trigger, when, rearm }) => trigger.kind === 'condition' && (touches(when) || touches(rearm)),
    ),
    moves: transitions.some(({ on }) => on !== undefined && includes(on === 'any' ? undefined : on)),
    touchesGuards: transitions.some(({ on, when }) => on === undefined && touches(when)),
  }
}
