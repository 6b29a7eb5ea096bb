// The sections that say how the engine reacts to what it counts: `lifecycle`, `rules` and
// `streams`.

import type { Definition } from '../definition.ts'
import type { Field, Fields } from '../document/fields.ts'
import type { DeclaredActions } from './actions-section.ts'
import { Conditions } from './condition-fields.ts'
import { type ReadFeatures, typeOf } from './features/features-section.ts'
import { readGuards } from './guards-section.ts'
import { readLifecycle, readStages } from './lifecycle-section.ts'
import { readRules } from './rules-section.ts'
import { readStreams } from './streams-section.ts'

export type LifecycleAndRules = Pick<Definition, 'guards' | 'lifecycle' | 'rules' | 'streams'>

/** @param top the sections of the document by name */
export function readLifecycleAndRules(
  fields: Fields,
  top: Map<string, Field>,
  text: string,
  declared: DeclaredActions,
  { drafts, names }: ReadFeatures,
): LifecycleAndRules {
  const draft = readStages(fields, top.get('lifecycle'))
  const stages = draft?.stages.names
  const byName = new Map(drafts.map((feature) => [feature.name, feature]))
  const known = names.map((name) => {
    const feature = byName.get(name)
    return { name, type: feature ? typeOf(feature) : 'any', window: feature?.window } as const
  })
  const conditions = new Conditions(fields, text, known, stages)
  const lifecycle = draft && readLifecycle(fields, draft, declared, conditions)
  const streams = readStreams(fields, top.get('streams'))
  const rules = readRules(fields, top.get('rules'), { declared, conditions, lifecycle, streams })
  const emitted = rules.flatMap(({ stream }) => stream ?? [])
  const guards = readGuards(fields, top.get('actions'), conditions)
  const own = ['actions', ...(lifecycle ? ['stages'] : []), ...(guards.size > 0 ? ['refused'] : [])]
  return { guards, lifecycle, rules, streams: new Set([...own, ...(streams ?? []), ...emitted]) }
}
