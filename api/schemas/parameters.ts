// Parameters that several routes share, and how their text becomes what the engine takes.
import { Type } from 'typebox'
import { PulseprintError } from '../../src/errors.ts'
import { parseInstant } from '../../src/model/instant.ts'

export const UserParams = Type.Object({
  userId: Type.String({
    description: 'Percent-encoded userId, or `anonymous:` and the anonymousId.',
    examples: ['u-17'],
  }),
})

export const InstantText = (description: string) =>
  Type.String({ maxLength: 64, description: `${description} ISO 8601 with a zone, or epoch milliseconds.` })

/**
 * Epoch ms of an instant in a query string or body; undefined if there is none. Throws
 * INVALID_REQUEST.
 */
export function instantOf(value: string | number | undefined, path: string): number | undefined {
  if (value === undefined) return undefined
  const at = parseInstant(typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value)
  if (at === undefined) {
    throw new PulseprintError('INVALID_REQUEST', 'must be ISO 8601 with a zone, or epoch milliseconds', {
      path,
    })
  }
  return at
}

/** The names in `a,b,c`; undefined if there is no list. Throws INVALID_REQUEST on an empty name. */
export function namesOf(value: string | undefined, path: string): string[] | undefined {
  if (value === undefined) return undefined
  const names = value.split(',')
  if (names.includes('')) {
    throw new PulseprintError('INVALID_REQUEST', 'must be names separated by commas', { path })
  }
  return [...new Set(names)]
}
