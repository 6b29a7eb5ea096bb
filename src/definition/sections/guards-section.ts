// The `guard` of each declared action: a condition that must hold when the action's turn comes.
import { isMap } from 'yaml'
import type { Condition } from '../../model/evaluation-context.ts'
import type { Field, Fields } from '../document/fields.ts'
import { type DeclaredActions, propertiesOf } from './actions-section.ts'
import type { Conditions } from './condition-fields.ts'

/** @param section `actions`, whose other mistakes are reported elsewhere */
export function readGuards(
  fields: Fields,
  section: Field | undefined,
  conditions: Conditions,
  declared: DeclaredActions,
): Map<string, Condition> {
  const guards = new Map<string, Condition>()
  for (const entry of entriesOf(fields, section)) {
    const guard = entriesOf(fields, entry).find(({ name }) => name === 'guard')
    const condition = conditions.when(guard, 'action', propertiesOf(declared, [entry.name]))
    if (condition) guards.set(entry.name, condition)
  }
  return guards
}

function entriesOf(fields: Fields, field: Field | undefined): Field[] {
  if (!field || !isMap(field.value)) return []
  return [...(fields.map(field.value, field.path, field.key)?.values() ?? [])]
}
