// Ids that clients choose: what they may look like. One rule for writing and reading, so that a
// profile that was written can always be asked for.
import { LIMITS } from '../limits.ts'

/** Prefix of the profile key of a visitor who is known by an anonymous id only. */
export const ANONYMOUS_PREFIX = 'anonymous:'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/** Why the text cannot be an id; undefined when it can. */
export function idProblem(text: string): string | undefined {
  if (text.length === 0) return 'must not be empty'
  if (text.length > LIMITS.idLengthMax) return `must be at most ${LIMITS.idLengthMax} characters`
  if (CONTROL.test(text)) return 'must not contain control characters'
  if (!text.isWellFormed()) return 'must be well-formed Unicode'
  return undefined
}

/** Why the text cannot be a client's `userId`; undefined when it can. */
export function userIdProblem(text: string): string | undefined {
  if (text.startsWith(ANONYMOUS_PREFIX))
    return `must not start with the reserved prefix "${ANONYMOUS_PREFIX}"`
  return idProblem(text)
}
