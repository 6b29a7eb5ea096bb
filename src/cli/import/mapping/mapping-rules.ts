// The `fields` section of a mapping: for each field of an action, the column, expression or fixed
// value it takes.
import { isScalar, Scalar } from 'yaml'
import type { Field, Fields } from '../../../definition/document/fields.ts'
import { suggest } from '../../../model/suggest.ts'
import { celMessage, compileRowExpression, type RowExpression } from './row-expression.ts'

/** Where a value stands in a row. */
export interface Cell {
  column: string
  /** The parts of the name between its dots. */
  path: readonly string[]
}

export function cellNamed(column: string): Cell {
  return { column, path: column.split('.') }
}

export type ColumnType = 'string' | 'number' | 'integer' | 'boolean'
export type FieldRule =
  | { kind: 'column'; cell: Cell; type: ColumnType }
  | { kind: 'cel'; expression: RowExpression }
  | { kind: 'value'; value: string | number | boolean }

const TYPES: readonly ColumnType[] = ['string', 'number', 'integer', 'boolean']
/** Fields of an action that a mapping can set, beside `properties.*`. */
const TARGETS = [
  'id',
  'userId',
  'anonymousId',
  'action',
  'occurredAt',
  'object.type',
  'object.id',
  'channel',
  'place',
]
const RULE_HINT = 'Write `{ column: X }`, `{ column: X, type: number }`, `{ cel: "…" }` or `{ value: … }`.'
const RESERVED = ['__proto__', 'constructor', 'prototype']

export class MappingRules {
  readonly #fields: Fields
  readonly #text: string
  readonly #columns: Set<string>

  /** @param columns gets every column that a rule names */
  constructor(fields: Fields, text: string, columns: Set<string>) {
    this.#fields = fields
    this.#text = text
    this.#columns = columns
  }

  read(section: Field | undefined): Map<string, FieldRule> {
    const rules = new Map<string, FieldRule>()
    const { problems } = this.#fields
    if (!section) {
      problems.add(0, 'fields', '`fields` is missing', 'Say where `action` and `userId` come from.')
      return rules
    }
    const targets = this.#fields.map(section.value, section.path, section.key)
    if (!targets) return rules
    for (const target of targets.values()) {
      const rule = this.#isTarget(target) ? this.#rule(target) : undefined
      if (rule) rules.set(target.name, rule)
    }
    this.#requireOne(section, targets, ['action'], 'what the user did')
    this.#requireOne(section, targets, ['userId', 'anonymousId'], 'who did it')
    if (targets.has('object.type')) this.#requireOne(section, targets, ['object.id'], 'which object it was')
    return rules
  }

  #requireOne(section: Field, targets: Map<string, Field>, names: string[], what: string): void {
    if (names.some((name) => targets.has(name))) return
    const hint = `Add \`${names[0]}\` to \`fields\`. ${RULE_HINT}`
    this.#fields.problems.add(section.key, section.path, `The mapping does not say ${what}`, hint)
  }

  #isTarget({ name, key, path }: Field): boolean {
    const property = name.startsWith('properties.') ? name.slice('properties.'.length) : undefined
    if (property === undefined ? TARGETS.includes(name) : property !== '' && !RESERVED.includes(property))
      return true
    const hint = suggest(name, [...TARGETS, 'properties.NAME'])
    this.#fields.problems.add(key, path, `An action has no field ${name}`, hint)
    return false
  }

  #rule(target: Field): FieldRule | undefined {
    const { problems } = this.#fields
    const parts = this.#fields.map(target.value, target.path, target.key, ['column', 'type', 'cel', 'value'])
    if (!parts) return undefined
    const sources = ['column', 'cel', 'value'].filter((name) => parts.has(name))
    if (sources.length !== 1 || (parts.has('type') && sources[0] !== 'column')) {
      problems.add(target.key, target.path, 'Give exactly one source', RULE_HINT)
      return undefined
    }
    if (sources[0] === 'column') return this.#columnRule(parts)
    if (sources[0] === 'value') return this.#valueRule(parts.get('value')!)
    const text = this.#fields.text(parts.get('cel')!, RULE_HINT)
    const expression = text && this.expression(parts.get('cel')!, text, false)
    return expression && { kind: 'cel', expression }
  }

  #columnRule(parts: Map<string, Field>): FieldRule | undefined {
    const column = this.#fields.text(parts.get('column')!, RULE_HINT)
    const typeField = parts.get('type')
    const type = typeField && this.#fields.text(typeField, RULE_HINT)
    if (type && !(TYPES as readonly string[]).includes(type.value)) {
      const hint = suggest(type.value, TYPES)
      this.#fields.problems.add(type, typeField.path, `Unknown type: ${type.value}`, hint)
      return undefined
    }
    if (!column) return undefined
    this.#columns.add(column.value)
    return { kind: 'column', cell: cellNamed(column.value), type: (type?.value ?? 'string') as ColumnType }
  }

  #valueRule({ value, key, path }: Field): FieldRule | undefined {
    const fixed = isScalar(value) ? value.value : undefined
    if (typeof fixed === 'string' || typeof fixed === 'number' || typeof fixed === 'boolean') {
      return { kind: 'value', value: fixed }
    }
    this.#fields.problems.add(value ?? key, path, 'A value must be text, a number, true or false', RULE_HINT)
    return undefined
  }

  /** Compiles an expression; a mistake is reported at its place in the file. */
  expression(field: Field, text: Scalar<string>, wantsBool: boolean): RowExpression | undefined {
    try {
      const expression = compileRowExpression(text.value, wantsBool)
      for (const column of expression.columns) this.#columns.add(column)
      return expression
    } catch (error) {
      const start = text.range![0]
      const offset = (error as { range?: { start: number } }).range?.start ?? 0
      // An error can point to a place inside the text only if the text stands in the file as it is.
      const quote = text.type === Scalar.PLAIN ? 0 : 1
      const verbatim = this.#text.startsWith(text.value, start + quote)
      const hint = 'Expressions are CEL over `row`, for example `row.Quantity == ""`.'
      this.#fields.problems.add(
        verbatim ? start + quote + offset : text,
        field.path,
        `CEL: ${celMessage(error)}`,
        hint,
      )
      return undefined
    }
  }
}
