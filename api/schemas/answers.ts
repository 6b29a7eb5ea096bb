// How routes describe their answers in the OpenAPI document.

import type { TSchema } from 'typebox'
import { Type } from 'typebox'
import { ERRORS, type ErrorCode } from '../../src/errors.ts'

interface Answer {
  description: string
  content: Record<string, { schema: TSchema }>
}

export function json(description: string, schema: TSchema): Answer {
  return { description, content: { 'application/json': { schema } } }
}

export function text(description: string, type = 'text/plain'): Answer {
  return { description, content: { [type]: { schema: Type.String() } } }
}

/** Codes that any route may answer with. */
const EVERYWHERE: ErrorCode[] = [
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'FOREIGN_HOST',
  'FOREIGN_ORIGIN',
  'REQUEST_TIMEOUT',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
]

/** Codes that any route with a body may answer with. */
export const BODY_CODES: ErrorCode[] = ['MALFORMED_BODY', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/** The answers for these codes and for the codes that every route has, by status. */
export function problems(...codes: ErrorCode[]): Record<number, Answer> {
  return openProblems(...codes, 'UNAUTHORIZED')
}

/** The same for a route that needs no API key. */
export function openProblems(...codes: ErrorCode[]): Record<number, Answer> {
  const byStatus = new Map<number, string[]>()
  for (const code of [...codes, ...EVERYWHERE]) {
    const { status, title } = ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${title}`])
  }
  const answers: Record<number, Answer> = {}
  for (const [status, lines] of byStatus) {
    answers[status] = {
      description: lines.join('\n'),
      content: { 'application/problem+json': { schema: Type.Ref('Problem#') } },
    }
  }
  return answers
}

/** Two forms of one status: the first description counts, the second is added. */
export function either(one: Answer, other: Answer | undefined): Answer {
  return {
    description: `${one.description}\n${other?.description ?? ''}`,
    content: { ...one.content, ...other?.content },
  }
}
