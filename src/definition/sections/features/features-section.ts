// The `features` section: reads and checks each feature by itself. Which features share state is
// decided in share-series.ts.
import { type Compiled, type DeclaredProperties, kindOf } from '../../../expressions/expressions.ts'
import type { StreakOptions } from '../../../features/activity/streak.ts'
import { type AggregateName, isActivity } from '../../../features/operators.ts'
import type { Expression } from '../../../model/value.ts'
import { type TileUnit, unitOf, type Window } from '../../../model/window.ts'
import { BOUNDS } from '../../bounds.ts'
import type { Feature } from '../../definition.ts'
import type { Field, Fields } from '../../document/fields.ts'
import { checkIdentifier } from '../../document/names.ts'
import { type DeclaredActions, propertiesOf } from '../actions-section.ts'
import type { Expressions } from '../expression-fields.ts'
import type { DerivedDraft } from './derived-section.ts'
import { readActionNames, readAggregate, readWindow } from './feature-fields.ts'
import { checkKeyed, KEYED_KEYS, readTop } from './keyed-fields.ts'
import { checkOnlyStreak, readStreak, STREAK_KEYS, windowOfStreak } from './streak-fields.ts'

export interface FeatureDraft {
  name: string
  aggregate: AggregateName
  /** Sorted; undefined means any action. */
  actions: string[] | undefined
  where: Expression | undefined
  of: Expression | undefined
  /** Of each action its key; only of `countBy`. */
  by: Expression | undefined
  /** How many keys of `countBy`, or values of `recent`, are shown. */
  top: number
  /** The window that its value is read over. */
  window: Window
  /** The window whose tiles it needs to be kept. */
  kept: Window
  /** Of its tiles. */
  unit: TileUnit
  /** Only of a streak. */
  streak: StreakOptions | undefined
  declared: Record<string, unknown>
}

const KEYS = ['derived', 'aggregate', 'action', 'where', 'of', 'window', ...KEYED_KEYS, ...STREAK_KEYS]
const LIFETIME: Window = { kind: 'lifetime' }
const NUMERIC: readonly string[] = ['sum', 'avg', 'min', 'max']
/** CEL types that are not numbers. A timestamp has an order but no sum. */
const NOT_NUMBERS = ['string', 'bool', 'list', 'map']
const EXAMPLE =
  'For example `spend: { aggregate: sum, action: purchase, of: properties.price, window: 30d }`.'

export interface ReadFeatures {
  /** The counted features without a mistake. */
  drafts: FeatureDraft[]
  derived: DerivedDraft[]
  /** Names of all features, also of those with a mistake: the derived ones behind the others. */
  names: string[]
  /** The names in the order of the document. */
  order: string[]
}

export function readFeatures(
  fields: Fields,
  section: Field | undefined,
  declared: DeclaredActions,
  expressions: Expressions,
): ReadFeatures {
  const { problems } = fields
  if (!section) {
    problems.add(0, 'features', '`features` is missing', `Add it, if only as \`features: {}\`. ${EXAMPLE}`)
    return { drafts: [], derived: [], names: [], order: [] }
  }
  const entries = [...(fields.map(section.value, section.path, section.key)?.values() ?? [])]
  if (entries.length > BOUNDS.featuresMax) {
    const hint = `At most ${BOUNDS.featuresMax} are allowed.`
    problems.add(section.key, section.path, `${entries.length} features are declared`, hint)
  }
  const drafts: FeatureDraft[] = []
  const derived: DerivedDraft[] = []
  for (const entry of entries.slice(0, BOUNDS.featuresMax)) {
    const named = checkIdentifier(entry, 'feature', problems)
    const parts = fields.map(entry.value, entry.path, entry.key, KEYS)
    const formula = parts?.get('derived')
    if (parts && formula) derived.push(readDerived(fields, entry.name, parts, formula))
    else if (parts) {
      const draft = readFeature(fields, entry, parts, declared, expressions)
      if (named && draft) drafts.push(draft)
    }
  }
  const order = entries.map((entry) => entry.name)
  const isDerived = new Set(derived.map(({ name }) => name))
  const names = [...order.filter((name) => !isDerived.has(name)), ...isDerived]
  return { drafts, derived, names, order }
}

function readDerived(fields: Fields, name: string, parts: Map<string, Field>, field: Field): DerivedDraft {
  for (const other of parts.values()) {
    if (other === field) continue
    const hint = 'It is made of other features only. Remove the other keys.'
    fields.problems.add(other.key, other.path, `\`derived\` takes no \`${other.name}\``, hint)
  }
  return { name, field, declared: { derived: fields.plain(field.value) } }
}

/** True if its values are instants. */
export function typeOf({ aggregate, of, streak }: FeatureDraft): Feature['type'] {
  if (streak) return streak.show === 'endsAt' ? 'timestamp' : 'any'
  const shows = ['first', 'last', 'min', 'max'].includes(aggregate)
  return shows && of?.type === 'timestamp' ? 'timestamp' : 'any'
}

function readFeature(
  fields: Fields,
  entry: Field,
  parts: Map<string, Field>,
  declared: DeclaredActions,
  expressions: Expressions,
): FeatureDraft | undefined {
  const aggregate = readAggregate(fields, entry, parts.get('aggregate'))
  const actions = readActionNames(fields, parts.get('action'), declared)
  const properties = propertiesOf(declared, actions)
  const where = expressions.read(parts.get('where'), 'where', properties)
  const of = expressions.read(parts.get('of'), 'of', properties)
  const by = expressions.read(parts.get('by'), 'of', properties)
  const window = readWindow(fields, parts.get('window'))
  if (!aggregate) return undefined
  checkKeyed(fields, entry, parts, aggregate)
  if (!parts.has('of') && NEEDS_OF.includes(aggregate)) {
    const message = `\`${aggregate}\` needs \`of\`: what to take from each action`
    fields.problems.add(entry.key, entry.path, message, OF_EXAMPLE[aggregate] ?? '')
  }
  if (isActivity(aggregate)) checkDays(fields, parts.get('window'), aggregate, window)
  const streak = aggregate === 'streak' ? readStreak(fields, parts) : undefined
  if (aggregate !== 'streak') checkOnlyStreak(fields, parts)
  if (of) checkValues(fields, parts.get('of')!, aggregate, typeOfValues(of, properties))
  return {
    name: entry.name,
    aggregate,
    actions,
    where: where?.expression,
    of: of?.expression,
    by: by?.expression,
    top: readTop(fields, parts.get('top'), aggregate),
    window: streak ? windowOfStreak(streak) : window,
    kept: streak ? LIFETIME : window,
    unit: isActivity(aggregate) ? 'day' : unitOf(window),
    streak,
    declared: Object.fromEntries([...parts].map(([name, part]) => [name, fields.plain(part.value)])),
  }
}

const OF_EXAMPLE: Partial<Record<AggregateName, string>> = {
  sum: 'For example `of: properties.price`.',
  min: 'For example `of: properties.price`.',
  max: 'For example `of: properties.price`.',
  avg: 'For example `of: properties.quantity`.',
  first: 'For example `of: occurredAt`.',
  last: 'For example `of: occurredAt`.',
  distinct: 'For example `of: object.id`.',
  recent: 'For example `of: object.id`.',
}
const NEEDS_OF = Object.keys(OF_EXAMPLE)

const TYPE_OF_KIND: Record<string, string> = {
  string: 'string',
  boolean: 'bool',
  list: 'list',
  map: 'map',
  timestamp: 'string',
}

/** The CEL type of the values; of a declared property, that of its kind. */
function typeOfValues(
  { expression, resultType }: Compiled,
  properties: DeclaredProperties | undefined,
): string {
  const kind = properties && kindOf(expression.source, properties)
  return (kind && TYPE_OF_KIND[kind]) ?? resultType
}

/** Reports values that the aggregate would not count. */
function checkValues(fields: Fields, field: Field, aggregate: AggregateName, type: string): void {
  if (NUMERIC.includes(aggregate)) checkNumeric(fields, field, aggregate, type)
  if (aggregate !== 'distinct' || !isOneOf(type, ['list', 'map'])) return
  const message = `\`distinct\` counts texts, numbers and truth values, but this gives ${type}`
  fields.problems.add(field.value, field.path, message, 'Take one value of each action, such as an id.')
}

function isOneOf(type: string, names: readonly string[]): boolean {
  return names.some((name) => type === name || type.startsWith(`${name}<`))
}

function checkNumeric(fields: Fields, field: Field, aggregate: string, type: string): void {
  const summed = aggregate === 'sum' || aggregate === 'avg'
  const timestamp = type === 'google.protobuf.Timestamp'
  const composite = isOneOf(type, NOT_NUMBERS)
  if (!composite && !(timestamp && summed)) return
  const message = `\`${aggregate}\` needs numbers, but this gives ${timestamp ? 'timestamp' : type}`
  const hint = 'Use a number, or another aggregate such as `last`, `count` or `distinct`.'
  fields.problems.add(field.value, field.path, message, hint)
}

/** Activity is kept by the day. */
function checkDays(fields: Fields, field: Field | undefined, aggregate: string, window: Window): void {
  if (!field || window.kind !== 'rolling' || window.unit === 'day') return
  const message = `\`${aggregate}\` counts days, so its window must too`
  fields.problems.add(field.value ?? field.key, field.path, message, 'For example `window: 30d`.')
}
