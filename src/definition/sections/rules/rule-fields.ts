// The fields of one rule: what it waits for, how often it may fire, the badge it gives.
import { isMap, isScalar, type Scalar } from 'yaml'
import type { Lifecycle } from '../../../lifecycle/lifecycle.ts'
import { suggest } from '../../../model/suggest.ts'
import type { Rule, Trigger } from '../../../rules/rule.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Field, Fields } from '../../document/fields.ts'
import { checkIdentifier } from '../../document/names.ts'
import type { DeclaredActions } from '../actions-section.ts'
import type { Conditions } from '../condition-fields.ts'
import { readActionNames, readWindow } from '../features/feature-fields.ts'

/** What rules refer to. */
export interface RuleContext {
  declared: DeclaredActions
  conditions: Conditions
  /** Undefined if the document has none. */
  lifecycle: Lifecycle | undefined
  /** Undefined if any stream may be named. */
  streams: string[] | undefined
}

export function readTrigger(fields: Fields, field: Field | undefined, context: RuleContext): Trigger {
  if (!field) return { kind: 'condition' }
  if (isMap(field.value)) return { kind: 'stage', stages: readEntered(fields, field, context.lifecycle) }
  const names = readActionNames(fields, field, context.declared)
  return { kind: 'action', actions: names && new Set(names) }
}

/** Places of the stages in `on: { stage: … }`; undefined for any. */
function readEntered(
  fields: Fields,
  on: Field,
  lifecycle: Lifecycle | undefined,
): ReadonlySet<number> | undefined {
  const parts = fields.map(on.value, on.path, on.key, ['stage'])
  const field = parts?.get('stage')
  const example = 'Name a stage, a list of stages, or `"*"` for any: `on: { stage: dormant }`.'
  if (!field) {
    if (isMap(on.value) && on.value.items.length === 0)
      fields.problems.add(on.value, on.path, '`on` names nothing', example)
    return undefined
  }
  if (!lifecycle) {
    const hint = 'Add `lifecycle`, or name an action: `on: purchase`.'
    fields.problems.add(field.key, field.path, 'The definition has no lifecycle, so there is no stage', hint)
    return undefined
  }
  const texts = fields.texts(field, example)
  if (!texts || texts.some((text) => text.value === '*')) return undefined
  return new Set(texts.map((text) => enteredStage(fields, field, text, lifecycle)))
}

function enteredStage(fields: Fields, field: Field, text: Scalar<string>, lifecycle: Lifecycle): number {
  const { stages, transitions } = lifecycle
  const stage = stages.indexOf(text.value)
  if (stage < 0) {
    fields.problems.add(text, field.path, `No stage is named ${text.value}`, suggest(text.value, stages))
  } else if (stage === 0 && transitions.every(({ to }) => to !== stage)) {
    const message = `No transition leads to \`${text.value}\`, so no user is seen to enter it`
    const hint = 'For the first action of each user write `on: "*"` and `limit: 1`.'
    fields.problems.add(text, field.path, message, hint)
  }
  return stage
}

const LIMIT = 'Write `limit: 1` (for ever) or `limit: { times: 3, per: 30d }`.'

export function readLimit(fields: Fields, field: Field | undefined): Rule['limit'] {
  if (!field) return undefined
  if (!isMap(field.value)) return { times: readTimes(fields, field), window: { kind: 'lifetime' } }
  const parts = fields.map(field.value, field.path, field.key, ['times', 'per'])
  const [times, per] = [parts?.get('times'), parts?.get('per')]
  for (const [name, part] of [['times', times] as const, ['per', per] as const]) {
    if (!part) fields.problems.add(field.key, field.path, `\`limit\` has no \`${name}\``, LIMIT)
  }
  const count = times ? readTimes(fields, times) : 1
  if (times && count > BOUNDS.limitTimesMax) {
    const hint = `At most ${BOUNDS.limitTimesMax} within a window: each is remembered for each user.`
    fields.problems.add(times.value, times.path, `${count} times are too many`, hint)
  }
  return { times: count, window: readWindow(fields, per, 'write `limit: 3` for ever') }
}

function readTimes(fields: Fields, field: Field): number {
  const times = isScalar(field.value) ? field.value.value : undefined
  if (Number.isSafeInteger(times) && (times as number) > 0) return times as number
  const place = field.value ?? field.key
  fields.problems.add(place, field.path, 'A limit is a whole number from 1 on', LIMIT)
  return 1
}

export function givesNoBadge(field: Field | undefined): boolean {
  return !field || (isScalar(field.value) && field.value.value === false)
}

/** `true` names the badge after the rule; `false` and nothing give none. */
export function readBadge(fields: Fields, rule: Field, field: Field | undefined): string | undefined {
  if (!field || givesNoBadge(field)) return undefined
  if (isScalar(field.value) && field.value.value === true) return rule.name
  const text = fields.text(field, "Write `badge: true` for the rule's name, or name one: `badge: gold`.")
  if (!text) return undefined
  const named = checkIdentifier({ ...field, name: text.value, key: text }, 'badge', fields.problems)
  return named ? text.value : undefined
}
