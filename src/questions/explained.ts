// What `explain` was asked for: the feature or the rule of that name, and which actions it looks
// at.
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import type { LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Action } from '../model/action.ts'
import type { Value } from '../model/value.ts'
import { countsFor, explainDerived, explainFeature, explainRule } from '../profile/explain.ts'
import type { Profile } from '../profile/profile.ts'
import type { Rule } from '../rules/rule.ts'

export interface Explained {
  isRule: boolean
  declared: Record<string, Value>
  /** `counts` says whether an action is behind the explained feature or rule. */
  explain(
    user: string,
    profile: Profile,
    standing: LifecycleState | undefined,
    at: number,
  ): {
    view: ReturnType<typeof explainFeature> | ReturnType<typeof explainRule>
    counts: (action: Action) => boolean
  }
}

/** Errors: UNKNOWN_FEATURE. */
export function explained(definition: Definition, name: string): Explained {
  const feature = definition.featureByName.get(name)
  const rule = definition.rules.find((each) => each.name === name)
  if (feature && 'formula' in feature) {
    return {
      isRule: false,
      declared: feature.declared as Record<string, Value>,
      explain: (_user, profile, _standing, at) => ({
        view: explainDerived(definition, profile, feature, at),
        counts: anyCounts(definition, feature.features, at),
      }),
    }
  }
  if (feature) {
    return {
      isRule: false,
      declared: feature.declared as Record<string, Value>,
      explain: (_user, profile, _standing, at) => ({
        view: explainFeature(definition, profile, feature, at),
        counts: countsFor(definition, feature, at),
      }),
    }
  }
  if (!rule) {
    const shown = name.slice(0, 64)
    throw new PulseprintError('UNKNOWN_FEATURE', `the definition has no feature and no rule "${shown}"`)
  }
  return {
    isRule: true,
    declared: rule.declared as Record<string, Value>,
    explain: (user, profile, standing, at) => ({
      view: explainRule(definition, user, profile, standing!, rule, at),
      counts: waitsFor(definition, rule, at),
    }),
  }
}

/** The actions that the rule is on. Other rules: the actions that their features count. */
function waitsFor(definition: Definition, { trigger, when }: Rule, at: number): (action: Action) => boolean {
  if (trigger.kind === 'action') return ({ action }) => trigger.actions?.has(action) ?? true
  return anyCounts(definition, when?.features ?? [], at)
}

function anyCounts(
  definition: Definition,
  places: readonly number[],
  at: number,
): (action: Action) => boolean {
  const features = places.map((index) => countsFor(definition, definition.features[index]!, at))
  return (action) => features.some((counts) => counts(action))
}
