// Shows a JSON schema to people: its type in a few words, and its fields as a table.
import { type Html, html, prose } from './html.ts'

/** The parts of a JSON schema that the page shows. */
export interface Schema {
  $ref?: string
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  description?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  examples?: unknown[]
}

/** The type in a few words; a named schema is a link to it. */
export function typeOf(schema: Schema): Html {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) as string
    return html`<a href="#schema-${name}">${name}</a>`
  }
  if (schema.enum) return html`${schema.enum.map((value) => JSON.stringify(value)).join(' | ')}`
  if (schema.anyOf) return joined(schema.anyOf.map(typeOf))
  if (schema.type === 'array') return html`array of ${typeOf(schema.items ?? {})}`
  if (schema.type === undefined) return html`any`
  return html`${schema.format ? `${schema.type} (${schema.format})` : schema.type}`
}

function joined(types: Html[]): Html {
  return html`${types.map((type, index) => (index === 0 ? type : html` | ${type}`))}`
}

/**
 * The fields of an object, or of the objects in a list, with those inside them; nothing if there
 * are none.
 */
export function fieldsTable(schema: Schema): Html | undefined {
  const rows = fieldRows(schema, '')
  if (rows.length === 0) return undefined
  return html`<div class="wide"><table><thead><tr><th>field</th><th>type</th><th></th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function fieldRows(schema: Schema, prefix: string): Html[] {
  const inner = schema.type === 'array' ? (schema.items ?? {}) : schema
  const at = schema.type === 'array' ? `${prefix}[].` : prefix === '' ? '' : `${prefix}.`
  return Object.entries(inner.properties ?? {}).flatMap(([name, field]) => [
    fieldRow(at + name, field, inner.required?.includes(name) ?? false),
    ...fieldRows(field, at + name),
  ])
}

/** One row of a table of fields or parameters. */
export function fieldRow(name: string, schema: Schema, required: boolean): Html {
  const notes = [schema.description ?? '', bounds(schema)].filter((note) => note !== '').join(' ')
  return html`<tr><td><code>${name}</code>${required ? html` <b class="required">required</b>` : undefined}</td><td>${typeOf(schema)}</td><td>${prose(notes)}</td></tr>`
}

function bounds({ minimum, maximum, maxLength, maxItems }: Schema): string {
  const notes: string[] = []
  if (minimum !== undefined) notes.push(`At least ${minimum}.`)
  if (maximum !== undefined) notes.push(`At most ${maximum}.`)
  if (maxLength !== undefined) notes.push(`At most ${maxLength} characters.`)
  if (maxItems !== undefined) notes.push(`At most ${maxItems}.`)
  return notes.join(' ')
}
