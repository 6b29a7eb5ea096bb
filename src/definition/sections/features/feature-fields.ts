// The fields of one feature that name something: its aggregate, its actions, its window.
import type { Scalar } from 'yaml'
import { AGGREGATES, type AggregateName } from '../../../features/operators.ts'
import { nearest, suggest } from '../../../model/suggest.ts'
import { parseWindow, type Window } from '../../../model/window.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Field, Fields } from '../../document/fields.ts'
import type { DeclaredActions } from '../actions-section.ts'

export function readAggregate(
  fields: Fields,
  entry: Field,
  field: Field | undefined,
): AggregateName | undefined {
  if (!field) {
    const message = `The feature \`${entry.name}\` has no \`aggregate\``
    fields.problems.add(entry.key, entry.path, message, `Allowed: ${AGGREGATES.join(', ')}.`)
    return undefined
  }
  const text = fields.text(field, `Allowed: ${AGGREGATES.join(', ')}.`)
  const aggregate = AGGREGATES.find((name) => name === text?.value)
  if (text && !aggregate) {
    const near = nearest(text.value, AGGREGATES)
    const hint = near ? `Did you mean \`aggregate: ${near}\`?` : suggest(text.value, AGGREGATES)
    fields.problems.add(text, field.path, `Unknown aggregate: ${text.value}`, hint)
  }
  return aggregate
}

/** Sorted names; undefined for any. */
export function readActionNames(
  fields: Fields,
  field: Field | undefined,
  { actions, acceptsAny }: DeclaredActions,
): string[] | undefined {
  if (!field) return undefined
  const names = fields.texts(field, 'Name an action, a list of actions, or `"*"` for any.')
  if (!names) return undefined
  if (names.length > BOUNDS.featureActionsMax) {
    const hint = `At most ${BOUNDS.featureActionsMax} are allowed; use \`"*"\` and a condition.`
    fields.problems.add(field.value, field.path, `${names.length} actions are named`, hint)
  }
  if (!acceptsAny) for (const name of names) checkDeclared(fields, field, name, [...actions.keys()])
  const sorted = [...new Set(names.map((name) => name.value))].sort()
  return sorted.includes('*') ? undefined : sorted
}

function checkDeclared(fields: Fields, field: Field, name: Scalar<string>, declared: string[]): void {
  if (name.value === '*' || declared.includes(name.value)) return
  const near = nearest(name.value, declared)
  const hint = near
    ? `Did you mean \`${near}\`?`
    : 'Declare it under `actions`, or accept any action with `"*": {}`.'
  fields.problems.add(name, field.path, `No declared action is named ${name.value}`, hint)
}

/** @param forEver the hint for somebody who wants no window */
export function readWindow(
  fields: Fields,
  field: Field | undefined,
  forEver = 'leave it out for lifetime',
): Window {
  if (!field) return { kind: 'lifetime' }
  const hint = `Write \`15m\`, \`24h\`, \`30d\`, \`day\`, \`week\`, \`month\` or \`year\`; ${forEver}.`
  const text = fields.text(field, hint)
  const window = text && parseWindow(text.value)
  if (text && tooLong(text.value)) {
    const { day, hour, minute } = BOUNDS.windowTilesMax
    const longest = `At most ${day}d, ${hour}h or ${minute}m; ${forEver}.`
    fields.problems.add(text, field.path, `The window ${text.value} is too long`, longest)
  } else if (text && !window) {
    const near = nearest(text.value, ['day', 'week', 'month', 'year'])
    fields.problems.add(
      text,
      field.path,
      `Unknown window: ${text.value}`,
      near ? `Did you mean \`${near}\`?` : hint,
    )
  }
  return window ?? { kind: 'lifetime' }
}

/** Decided by the text, because the parser gives no window if it is too long for any calendar. */
function tooLong(text: string): boolean {
  const match = /^(\d+)([mhd])$/.exec(text)
  const { day, hour, minute } = BOUNDS.windowTilesMax
  return match !== null && Number(match[1]) > { m: minute, h: hour, d: day }[match[2] as 'm' | 'h' | 'd']
}
