// The sections that say how the engine reacts to what it counts: `lifecycle`, `rules` and
// `streams`.

import type { Definition } from '../definition.ts'
import type { Field, Fields } from '../document/fields.ts'
import type { DeclaredActions } from './actions-section.ts'
import { Conditions, type WindowedFeature } from './condition-fields.ts'
import { compileDerived } from './features/derived-section.ts'
import { type ReadFeatures, typeOf } from './features/features-section.ts'
import { readGuards } from './guards-section.ts'
import { readLifecycle, readStages } from './lifecycle-section.ts'
import { readRules } from './rules/rules-section.ts'
import { readStreams } from './streams-section.ts'

export type LifecycleAndRules = Pick<Definition, 'derived' | 'guards' | 'lifecycle' | 'rules' | 'streams'>

/** @param top the sections of the document by name */
export function readLifecycleAndRules(
  fields: Fields,
  top: Map<string, Field>,
  text: string,
  declared: DeclaredActions,
  features: ReadFeatures,
): LifecycleAndRules {
  const draft = readStages(fields, top.get('lifecycle'))
  const stages = draft?.stages.names
  const known = knownFeatures(features)
  const derived = compileDerived(fields, text, known, features.derived)
  const conditions = new Conditions(fields, text, known, derived, stages)
  const lifecycle = draft && readLifecycle(fields, draft, declared, conditions)
  const streams = readStreams(fields, top.get('streams'))
  const rules = readRules(fields, top.get('rules'), { declared, conditions, lifecycle, streams })
  const emitted = rules.flatMap(({ stream }) => stream ?? [])
  const guards = readGuards(fields, top.get('actions'), conditions, declared)
  const own = ['actions']
  if (lifecycle) own.push('stages')
  if (guards.size > 0) own.push('refused')
  if (rules.some(({ holdout }) => holdout > 0)) own.push('holdouts')
  return { derived, guards, lifecycle, rules, streams: new Set([...own, ...(streams ?? []), ...emitted]) }
}

/** The features that expressions may name, in the order of their places. */
function knownFeatures({ drafts, names }: ReadFeatures): WindowedFeature[] {
  const byName = new Map(drafts.map((feature) => [feature.name, feature]))
  return names.map((name) => {
    const feature = byName.get(name)
    return { name, type: feature ? typeOf(feature) : 'any', window: feature?.window }
  })
}
