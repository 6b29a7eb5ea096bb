// The `actions` section: declared actions and the types of their properties.
import { isMap, isScalar } from 'yaml'
import type { DeclaredProperties } from '../../expressions/expressions.ts'
import { suggest } from '../../model/suggest.ts'
import { BOUNDS } from '../bounds.ts'
import type { ActionType, PropertyKind, PropertyType } from '../definition.ts'
import type { Field, Fields } from '../document/fields.ts'
import { checkName } from '../document/names.ts'

const KINDS = ['string', 'number', 'integer', 'boolean', 'timestamp', 'list', 'map'] as const

export interface DeclaredActions {
  actions: Map<string, ActionType>
  acceptsAny: boolean
}

export function readActions(fields: Fields, section: Field | undefined): DeclaredActions {
  const actions = new Map<string, ActionType>()
  if (!section) return { actions, acceptsAny: true }
  const entries = fields.map(section.value, section.path, section.key) ?? new Map<string, Field>()
  if (entries.size > BOUNDS.actionsMax) {
    const hint = `At most ${BOUNDS.actionsMax} are allowed; \`"*": {}\` accepts any other.`
    fields.problems.add(section.key, section.path, `${entries.size} actions are declared`, hint)
  }
  for (const entry of [...entries.values()].slice(0, BOUNDS.actionsMax)) {
    if (entry.name === '*') readAny(fields, entry)
    else if (checkName(entry, fields.problems)) actions.set(entry.name, readAction(fields, entry))
  }
  return { actions, acceptsAny: entries.has('*') }
}

function readAny(fields: Fields, entry: Field): void {
  if (entry.value === undefined || (isMap(entry.value) && entry.value.items.length === 0)) return
  const hint = 'Write `"*": {}`; give an action its own name to type its properties.'
  fields.problems.add(entry.value, entry.path, '`*` accepts any action untyped and takes no keys', hint)
}

function readAction(fields: Fields, entry: Field): ActionType {
  const action: ActionType = { name: entry.name, properties: [] }
  if (!entry.value) return action
  const parts = fields.map(entry.value, entry.path, entry.key, ['object', 'properties', 'guard'])
  const object = parts?.get('object')
  const type = object && fields.text(object, 'Name the type of its objects: `object: product`.')
  if (type) action.object = type.value
  const properties = parts?.get('properties')
  if (properties) action.properties = readProperties(fields, properties)
  return action
}

function readProperties(fields: Fields, section: Field): PropertyType[] {
  const properties: PropertyType[] = []
  const entries = fields.map(section.value, section.path, section.key) ?? new Map<string, Field>()
  if (entries.size > BOUNDS.propertiesMax) {
    const hint = `At most ${BOUNDS.propertiesMax} are allowed; undeclared ones are accepted untyped.`
    fields.problems.add(section.key, section.path, `${entries.size} properties are declared`, hint)
    return properties
  }
  for (const entry of entries.values()) {
    const type = checkName(entry, fields.problems) ? readProperty(fields, entry) : undefined
    if (type) properties.push(type)
  }
  return properties
}

function readProperty(fields: Fields, entry: Field): PropertyType | undefined {
  if (!isMap(entry.value)) return typed(entry.name, readKind(fields, entry), false)
  const parts = fields.map(entry.value, entry.path, entry.key, ['type', 'required'])
  const type = parts?.get('type')
  if (!type) {
    const hint = `Write \`{ type: number, required: true }\`. ${suggest('', KINDS)}`
    fields.problems.add(entry.key, entry.path, `The property \`${entry.name}\` has no type`, hint)
  }
  const required = readRequired(fields, parts?.get('required'))
  return typed(entry.name, type && readKind(fields, type), required)
}

function typed(name: string, kind: PropertyKind | undefined, required: boolean): PropertyType | undefined {
  return kind && { name, kind, required }
}

function readKind(fields: Fields, field: Field): PropertyKind | undefined {
  const text = fields.text(field, suggest('', KINDS))
  const kind = KINDS.find((name) => name === text?.value)
  if (text && !kind) {
    fields.problems.add(text, field.path, `Unknown property type: ${text.value}`, suggest(text.value, KINDS))
  }
  return kind
}

function readRequired(fields: Fields, field: Field | undefined): boolean {
  if (!field) return false
  if (isScalar(field.value) && typeof field.value.value === 'boolean') return field.value.value
  const place = field.value ?? field.key
  fields.problems.add(place, field.path, '`required` must be true or false', 'Write `required: true`.')
  return false
}

/**
 * The properties of the actions that an expression is about. Undefined if one of them may have
 * others: it is not declared, or has no declared property.
 * @param names undefined: any action
 */
export function propertiesOf(
  { actions, acceptsAny }: DeclaredActions,
  names: Iterable<string> | undefined,
): DeclaredProperties | undefined {
  if (names === undefined && acceptsAny) return undefined
  const kinds = new Map<string, string>()
  const declaring = new Map<string, number>()
  const concerned = names ? [...names] : [...actions.keys()]
  for (const name of concerned) {
    const { properties } = actions.get(name) ?? { properties: [] }
    if (properties.length === 0) return undefined
    for (const { name: property, kind } of properties) {
      kinds.set(property, kinds.has(property) && kinds.get(property) !== kind ? 'any' : kind)
      declaring.set(property, (declaring.get(property) ?? 0) + 1)
    }
  }
  for (const [property, count] of declaring) if (count < concerned.length) kinds.set(property, 'any')
  return kinds
}
