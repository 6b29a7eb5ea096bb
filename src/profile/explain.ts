// Explains a feature or a rule of one user, for people who ask why. Pure.
import type { Definition, DerivedFeature, Feature } from '../definition/definition.ts'
import { contributionOf } from '../features/series.ts'
import type { LifecycleState } from '../lifecycle/lifecycle-state.ts'
import type { Action } from '../model/action.ts'
import { isoOf } from '../model/instant.ts'
import { Section } from '../numbers/section.ts'
import { firingOf, heldBackBy, isHeldOut } from '../rules/fire.ts'
import type { Rule } from '../rules/rule.ts'
import type { FeatureExplained, RuleExplained } from '../views/views.ts'
import type { Profile } from './profile.ts'
import { ProfileContext } from './profile-context.ts'
import { readFeatures } from './read.ts'

type Own<View> = Omit<View, 'userId' | 'name' | 'definition' | 'actions' | 'asOf'>

export function explainFeature(
  definition: Definition,
  profile: Profile,
  feature: Feature,
  at: number,
): Own<FeatureExplained> {
  const { calendar } = definition
  const { operator } = feature
  const { unit } = definition.series[feature.series]!
  const fromTile = calendar.windowStart(feature.window, at)
  const startOf = (tile: number) =>
    unit === 'all' || !Number.isFinite(tile) ? null : isoOf(calendar.startOf(unit, tile))
  const { features, approximate } = readFeatures(definition, profile, [feature], at)
  const standardError = approximate?.[feature.name]?.standardError
  return {
    kind: 'feature',
    value: features[feature.name] ?? null,
    ...(standardError !== undefined && { standardError }),
    window: { from: startOf(fromTile), to: isoOf(at) },
    tiles: operator
      .tiles(new Section().select(profile, feature.series), fromTile)
      .map(([tile, value]) => ({ from: startOf(tile)!, value })),
  }
}

/** A derived feature has the features that it is made of instead of tiles. */
export function explainDerived(
  definition: Definition,
  profile: Profile,
  feature: DerivedFeature,
  at: number,
): Own<FeatureExplained> {
  const madeOf = feature.features.map((index) => definition.features[index]!)
  const through = feature.derived.map((place) => definition.derived[place]!)
  return {
    kind: 'feature',
    value: readFeatures(definition, profile, [feature], at).features[feature.name] ?? null,
    madeOf: readFeatures(definition, profile, [...madeOf, ...through], at).features,
    window: { from: null, to: isoOf(at) },
    tiles: [],
  }
}

/** True if the feature counts the action and the action's tile is in the window at `at`. */
export function countsFor(definition: Definition, feature: Feature, at: number): (action: Action) => boolean {
  const series = definition.series[feature.series]!
  const fromTile = definition.calendar.windowStart(feature.window, at)
  return (action) =>
    (series.actions?.has(action.action) ?? true) &&
    definition.calendar.tile(series.unit, action.occurredAt) >= fromTile &&
    contributionOf(series, action) !== undefined
}

/** What keeps the rule from this user of all. */
function keptFrom(rule: Rule, situation: ProfileContext): 'audience' | 'holdout' | null {
  if (rule.audience && !rule.audience.holds(situation)) return 'audience'
  return isHeldOut(rule, situation.user) ? 'holdout' : null
}

export function explainRule(
  definition: Definition,
  user: string,
  profile: Profile,
  standing: LifecycleState,
  rule: Rule,
  at: number,
): Own<RuleExplained> {
  const situation = new ProfileContext(definition)
  situation.look(user, profile, standing, at, undefined)
  const { when } = rule
  const read = [
    ...(when?.features ?? []).map((index) => definition.features[index]!),
    ...(when?.derived ?? []).map((place) => definition.derived[place]!),
  ]
  const firing = firingOf(rule, standing)
  return {
    kind: 'rule',
    condition: when
      ? {
          when: when.source,
          holds: when.readsAction ? null : when.holds(situation),
          features: readFeatures(definition, profile, read, at).features,
        }
      : null,
    stage: situation.stage,
    fired: { times: firing?.times ?? 0, lastAt: firing ? isoOf(firing.lastAt) : null },
    heldBack: heldBackBy(rule, standing, at, definition.calendar) ?? keptFrom(rule, situation),
  }
}
