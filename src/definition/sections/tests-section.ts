// The `tests` section, in a definition or in a file beside it: stories of users, step by step.
import { isMap, isScalar } from 'yaml'
import { durationMs } from '../../model/duration.ts'
import { parseInstant } from '../../model/instant.ts'
import { nearest, suggest } from '../../model/suggest.ts'
import type { Value } from '../../model/value.ts'
import { BOUNDS } from '../bounds.ts'
import type { Field, Fields } from '../document/fields.ts'
import { type Expected, type ExpectedDecision, RECEIPTS, type Step, type Story } from '../story.ts'

/** What a test may name. */
export interface Testable {
  features: readonly string[]
  stages: readonly string[]
  rules: readonly string[]
}

const ITEM_KEYS = ['action', 'id', 'object', 'properties', 'channel', 'place'] as const
const STEP_KEYS = ['at', 'after', 'user', 'late', ...ITEM_KEYS, 'expect']
const EXPECT_KEYS = ['receipt', 'features', 'stage', 'decisions']
const EXAMPLE = 'For example `- { after: 1d, action: purchase, expect: { stage: active } }`.'
const ONE_USER = 'user'

export function readTests(fields: Fields, section: Field | undefined, known: Testable): Story[] {
  if (!section) return []
  const entries = [...(fields.map(section.value, section.path, section.key)?.values() ?? [])]
  if (entries.length > BOUNDS.testsMax) {
    const hint = `At most ${BOUNDS.testsMax} are allowed in one file.`
    fields.problems.add(section.key, section.path, `${entries.length} tests are declared`, hint)
  }
  return entries.slice(0, BOUNDS.testsMax).map((entry) => ({
    name: entry.name,
    steps: readSteps(fields, entry, known),
  }))
}

function readSteps(fields: Fields, entry: Field, known: Testable): Step[] {
  const items = fields.list(entry, EXAMPLE) ?? []
  if (items.length > BOUNDS.testStepsMax) {
    const hint = `At most ${BOUNDS.testStepsMax} are allowed.`
    fields.problems.add(entry.key, entry.path, `The test has ${items.length} steps`, hint)
  }
  return items.slice(0, BOUNDS.testStepsMax).map((item) => readStep(fields, item, known))
}

function readStep(fields: Fields, item: Field, known: Testable): Step {
  const parts = fields.map(item.value, item.path, item.key, STEP_KEYS) ?? new Map<string, Field>()
  const at = readAt(fields, parts.get('at'))
  const user = parts.get('user')
  const hasAction = parts.has('action')
  if (!hasAction) {
    for (const name of ['late', ...ITEM_KEYS]) {
      const part = parts.get(name)
      if (part) fields.problems.add(part.key, part.path, `\`${name}\` needs an \`action\``, EXAMPLE)
    }
  }
  if (parts.has('at') && parts.has('after')) {
    const field = parts.get('after')!
    fields.problems.add(field.key, field.path, '`at` and `after` do not go together', 'Remove one of them.')
  }
  return {
    ...fields.problems.placeOf(item.value ?? item.key),
    at,
    afterMs: readDuration(fields, parts.get('after')),
    user: (user && fields.text(user, 'Name a user: `user: u-17`.')?.value) ?? ONE_USER,
    action: hasAction
      ? { lateMs: readDuration(fields, parts.get('late')), item: readItem(fields, parts) }
      : undefined,
    expected: readExpected(fields, parts.get('expect'), known, hasAction),
  }
}

function readAt(fields: Fields, field: Field | undefined): number | undefined {
  if (!field) return undefined
  const example = 'Write ISO 8601 with a zone: `at: 2026-03-01T09:00:00Z`.'
  const text = fields.text(field, example)
  const at = text && parseInstant(text.value)
  if (text && at === undefined)
    fields.problems.add(text, field.path, `Not an instant: ${text.value}`, example)
  return at
}

/** 0 if it is absent. */
function readDuration(fields: Fields, field: Field | undefined): number {
  if (!field) return 0
  const example = 'Write a whole number and a unit: `90s`, `15m`, `24h`, `30d`.'
  const text = fields.text(field, example)
  const ms = text && durationMs(text.value)
  if (text && ms === undefined)
    fields.problems.add(text, field.path, `Not a duration: ${text.value}`, example)
  return ms ?? 0
}

/** `object: p-5` is short for `object: { id: p-5 }`. */
function readItem(fields: Fields, parts: Map<string, Field>): Record<string, unknown> {
  const item: Record<string, unknown> = {}
  for (const name of ITEM_KEYS) {
    const part = parts.get(name)
    if (!part) continue
    const value = fields.json(part)
    item[name] = name === 'object' && typeof value === 'string' ? { id: value } : value
  }
  return item
}

function readExpected(
  fields: Fields,
  field: Field | undefined,
  known: Testable,
  hasAction: boolean,
): Expected {
  const parts = field && fields.map(field.value, field.path, field.key, EXPECT_KEYS)
  return {
    receipt: readReceipt(fields, parts?.get('receipt'), hasAction),
    features: readFeatureValues(fields, parts?.get('features'), known),
    stage: readStage(fields, parts?.get('stage'), known),
    decisions: readDecisions(fields, parts?.get('decisions'), known),
  }
}

/** An action is expected to be accepted, if nothing else is said. */
function readReceipt(fields: Fields, field: Field | undefined, hasAction: boolean): Expected['receipt'] {
  if (!field) return hasAction ? 'accepted' : undefined
  if (!hasAction) fields.problems.add(field.key, field.path, '`receipt` needs an `action`', EXAMPLE)
  return oneOf(fields, field, RECEIPTS, 'receipt')
}

function readFeatureValues(
  fields: Fields,
  field: Field | undefined,
  known: Testable,
): Record<string, Value> | undefined {
  const parts = field && fields.map(field.value, field.path, field.key)
  if (!parts) return undefined
  for (const { name, key, path } of parts.values()) {
    if (known.features.includes(name)) continue
    fields.problems.add(key, path, `No feature is named ${name}`, suggest(name, known.features))
  }
  return Object.fromEntries([...parts.values()].map((part) => [part.name, fields.json(part) as Value]))
}

function readStage(fields: Fields, field: Field | undefined, known: Testable): Expected['stage'] {
  if (!field) return undefined
  return oneOf(fields, field, known.stages, 'stage')
}

function readDecisions(
  fields: Fields,
  field: Field | undefined,
  known: Testable,
): ExpectedDecision[] | undefined {
  if (!field) return undefined
  const items = fields.list(field, 'Name the rules in their order: `decisions: [first_purchase]`.')
  return items?.map((item) => {
    if (!isMap(item.value)) return { rule: ruleOf(fields, item, known), payload: undefined }
    const parts = fields.map(item.value, item.path, item.key, ['rule', 'payload'])
    const [rule, payload] = [parts?.get('rule'), parts?.get('payload')]
    if (!rule) fields.problems.add(item.value, item.path, 'The decision has no `rule`', 'Name one.')
    return {
      rule: rule ? ruleOf(fields, rule, known) : '',
      payload: payload && (fields.json(payload) as Value),
    }
  })
}

function ruleOf(fields: Fields, field: Field, known: Testable): string {
  return oneOf(fields, field, known.rules, 'rule') ?? ''
}

function oneOf<Name extends string>(
  fields: Fields,
  field: Field,
  names: readonly Name[],
  what: string,
): Name | undefined {
  const hint = names.length > 0 ? `Allowed: ${names.join(', ')}.` : `The definition has no ${what}.`
  if (!isScalar(field.value)) {
    fields.problems.add(field.value ?? field.key, field.path, `Name a ${what}`, hint)
    return undefined
  }
  const text = String(field.value.value)
  const found = names.find((name) => name === text)
  if (!found) {
    const near = nearest(text, names)
    const better = near ? `Did you mean \`${near}\`?` : hint
    fields.problems.add(field.value, field.path, `No ${what} is named ${text}`, better)
  }
  return found
}
