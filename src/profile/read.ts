// What a reader sees of a profile: its features as of an instant. Pure: the instant is given.
import type { Definition, DerivedFeature, Feature } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import { emptyLifecycleState } from '../lifecycle/lifecycle-state.ts'
import { isoOf } from '../model/instant.ts'
import type { Value } from '../model/value.ts'
import { Section } from '../numbers/section.ts'
import type { Profile } from './profile.ts'
import { ProfileContext } from './profile-context.ts'

const section = new Section()

export interface Features {
  features: Record<string, Value>
  approximate?: Record<string, { standardError: number }>
}

/**
 * Evaluates features over the windows that end at `at` (epoch ms), which must not lie before the
 * newest action.
 */
export function readFeatures(
  definition: Definition,
  profile: Profile,
  wanted: readonly (Feature | DerivedFeature)[],
  at: number,
): Features {
  const read: Features = { features: {} }
  let situation: ProfileContext | undefined
  for (const feature of wanted) {
    if ('formula' in feature) {
      situation ??= situationOf(definition, profile, at)
      read.features[feature.name] = feature.evaluate(situation)
      continue
    }
    const { operator } = feature
    section.select(profile, feature.series)
    const fromTile = definition.calendar.windowStart(feature.window, at)
    const value = operator.value(section, fromTile)
    read.features[feature.name] =
      feature.type === 'timestamp' && typeof value === 'number' ? isoOf(value) : value
    const standardError = operator.error?.(section, fromTile)
    if (standardError !== undefined) {
      read.approximate ??= {}
      read.approximate[feature.name] = { standardError }
    }
  }
  return read
}

/** As derived features see it: they see features and nothing else. */
function situationOf(definition: Definition, profile: Profile, at: number): ProfileContext {
  const situation = new ProfileContext(definition)
  situation.look('', profile, emptyLifecycleState(), at, undefined)
  return situation
}

/**
 * The instant at which a read is evaluated. Default: now, or the user's newest action if a client's
 * clock ran ahead of ours. Errors: AT_TOO_EARLY.
 */
export function readInstant(profile: Profile, wished: number | undefined, now: number): number {
  if (wished === undefined) return Math.max(now, profile.newestAt)
  if (wished < profile.newestAt) {
    const newest = isoOf(profile.newestAt)
    throw new PulseprintError(
      'AT_TOO_EARLY',
      `the user's newest action is at ${newest}; ask for that instant or later`,
    )
  }
  return wished
}

/** Errors: UNKNOWN_FEATURE. */
export function selectFeatures(
  definition: Definition,
  fields: readonly string[] | undefined,
): readonly (Feature | DerivedFeature)[] {
  if (!fields) return [...definition.featureByName.values()]
  return fields.map((name) => {
    const feature = definition.featureByName.get(name)
    if (!feature)
      throw new PulseprintError('UNKNOWN_FEATURE', `the definition has no feature "${name.slice(0, 64)}"`)
    return feature
  })
}
