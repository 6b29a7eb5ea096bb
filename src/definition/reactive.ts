// The sections that say how the engine reacts to what it counts: `lifecycle`, `rules` and `streams`.
import type { DeclaredActions } from './actions-section.ts'
import { Conditions } from './conditions.ts'
import type { Definition } from './definition.ts'
import { type ReadFeatures, typeOf } from './feature-drafts.ts'
import type { Field, Fields } from './fields.ts'
import { readLifecycle, readStages } from './lifecycle-section.ts'
import { readRules } from './rules-section.ts'
import { readStreams } from './streams-section.ts'

export type Reactive = Pick<Definition, 'lifecycle' | 'rules' | 'streams'>

/** @param top the sections of the document by name */
export function readReactive(
  fields: Fields,
  top: Map<string, Field>,
  text: string,
  declared: DeclaredActions,
  { drafts, names }: ReadFeatures,
): Reactive {
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
  const own = lifecycle ? ['actions', 'stages'] : ['actions']
  return { lifecycle, rules, streams: new Set([...own, ...(streams ?? []), ...emitted]) }
}
