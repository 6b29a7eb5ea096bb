// Checks the parts of a request against their TypeBox schemas. Query values arrive as text and are
// converted; bodies are taken as they are, so that a number is never mistaken for a string.
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { PulseprintError } from '../src/errors.ts'

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema)
  const converts = httpPart === 'querystring'
  return (value) => {
    const converted = converts && hasKeys(value) ? convert(schema, value) : value
    if (compiled.Check(converted)) return { value: converted }
    return { error: describe(compiled.Errors(converted), httpPart) }
  }
}

/**
 * Text to numbers and booleans. A number that would lose its fraction stays text, and is refused.
 */
function convert(schema: TSchema, value: unknown): unknown {
  const before = value as Record<string, unknown>
  const converted = Value.Convert(schema, structuredClone(value)) as Record<string, unknown>
  for (const [key, now] of Object.entries(converted)) {
    if (typeof now === 'number' && Number(before[key]) !== now) converted[key] = before[key]
  }
  return converted
}

/** For routes that read their body themselves: there the schema is documentation only. */
export const bodyIsDocumentation: FastifySchemaCompiler<TSchema> = (part) =>
  part.httpPart === 'body' ? acceptAnything : validatorCompiler(part)

function acceptAnything(): true {
  return true
}

function hasKeys(value: unknown): boolean {
  for (const _key in value as object) return true
  return false
}

type Mistake = { keyword: string; instancePath: string; message: string }

function describe(mistakes: readonly Mistake[], httpPart: string | undefined): PulseprintError {
  const { keyword, instancePath, message } = mistakes[0] as Mistake
  // Reports a property that `additionalProperties: false` refuses as the schema `false` at the
  // property.
  const text = keyword === 'boolean' ? 'is not known here' : message
  const name = instancePath.slice(0, 256)
  const path = httpPart === 'querystring' ? `?${name.slice(1)}` : name === '' ? '/' : name
  return new PulseprintError('INVALID_REQUEST', text, { path })
}
