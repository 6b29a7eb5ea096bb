// The `streams` section: if it is there, rules emit to the streams it declares and to no other.

import { nearest } from '../../model/suggest.ts'
import { BOUNDS } from '../bounds.ts'
import type { Field, Fields } from '../document/fields.ts'
import { checkIdentifier } from '../document/names.ts'

const RESERVED = ['actions', 'stages', 'refused', 'holdouts']

/** Names of the declared streams; undefined if the document declares none. */
export function readStreams(fields: Fields, section: Field | undefined): string[] | undefined {
  if (!section) return undefined
  const entries = [...(fields.map(section.value, section.path, section.key)?.values() ?? [])]
  if (entries.length > BOUNDS.streamsMax) {
    const hint = `At most ${BOUNDS.streamsMax} are allowed.`
    fields.problems.add(section.key, section.path, `${entries.length} streams are declared`, hint)
  }
  for (const entry of entries.slice(0, BOUNDS.streamsMax)) {
    checkStreamName(fields, entry)
    const parts = entry.value && fields.map(entry.value, entry.path, entry.key, ['description'])
    const description = parts?.get('description')
    if (description) fields.text(description, 'Say what it carries: `description: rewards of the shop`.')
  }
  return entries.map((entry) => entry.name)
}

/** The stream a rule emits to; undefined, and reported, if it is wrong. */
export function readStreamName(
  fields: Fields,
  field: Field,
  declared: string[] | undefined,
): string | undefined {
  const text = fields.text(field, 'Name a stream: `stream: rewards`.')
  if (!text || !checkStreamName(fields, { ...field, name: text.value, key: text })) return undefined
  if (!declared || declared.includes(text.value)) return text.value
  const near = nearest(text.value, declared)
  const hint = near ? `Did you mean \`${near}\`?` : `Declare it under \`streams\`: \`${text.value}: {}\`.`
  fields.problems.add(text, field.path, `No declared stream is named ${text.value}`, hint)
  return undefined
}

function checkStreamName(fields: Fields, field: Field): boolean {
  if (!checkIdentifier(field, 'stream', fields.problems)) return false
  if (!RESERVED.includes(field.name)) return true
  const message = `The stream \`${field.name}\` is the engine's own`
  fields.problems.add(field.key, field.path, message, 'Choose another name, such as `rewards`.')
  return false
}
