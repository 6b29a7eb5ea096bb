// What sets a transition off: an action, a condition, a silence, or a time in the stage.
import type { Transition } from '../../lifecycle/lifecycle.ts'
import { suggest } from '../../model/suggest.ts'
import type { Field, Fields } from '../document/fields.ts'
import { type DeclaredActions, propertiesOf } from './actions-section.ts'
import type { Conditions } from './condition-fields.ts'
import { readActionNames } from './features/feature-fields.ts'

const SINCE = ['action', 'stage'] as const

type Causes = Pick<Transition, 'on' | 'when' | 'silenceMs' | 'dwellMs'>

export function readCauses(
  fields: Fields,
  { field, parts }: { field: Field; parts: Map<string, Field> },
  declared: DeclaredActions,
  conditions: Conditions,
): Causes {
  const on = parts.get('on')
  const after = parts.get('after')
  if (!on && !after && !parts.has('when')) {
    const hint = 'Give it `on` (an action), `when` (a condition) or `after` (a time).'
    fields.problems.add(field.key, field.path, 'The transition has no cause', hint)
  }
  if (on && after) {
    const hint = 'Silence and dwell end without an action: remove one of the two, or write two transitions.'
    fields.problems.add(on.key, on.path, '`on` and `after` do not go together', hint)
  }
  const names = on && readActionNames(fields, on, declared)
  const afterMs = after && fields.duration(after, 1)
  const since = readSince(fields, parts)
  return {
    on: on && (names ? new Set(names) : 'any'),
    when: conditions.when(
      parts.get('when'),
      on ? 'action' : 'state',
      on ? propertiesOf(declared, names) : undefined,
    ),
    silenceMs: since === 'action' ? afterMs : undefined,
    dwellMs: since === 'stage' ? afterMs : undefined,
  }
}

function readSince(fields: Fields, parts: Map<string, Field>): (typeof SINCE)[number] {
  const field = parts.get('since')
  if (!field) return 'action'
  if (!parts.has('after')) {
    const hint = 'Add the time: `after: 7d, since: stage`.'
    fields.problems.add(field.key, field.path, '`since` without `after`', hint)
  }
  const allowed = 'Write `since: stage` (time in the stage) or `since: action` (time without any action).'
  const text = fields.text(field, allowed)
  const since = SINCE.find((name) => name === text?.value)
  if (text && !since) {
    fields.problems.add(text, field.path, `Unknown \`since\`: ${text.value}`, suggest(text.value, SINCE))
  }
  return since ?? 'action'
}
