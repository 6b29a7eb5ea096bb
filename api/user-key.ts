// How an address names a user: by the userId, or by `anonymous:` and the anonymousId if no user is
// known.
import { PulseprintError } from '../src/errors.ts'
import { ANONYMOUS_PREFIX, idProblem } from '../src/model/user-id.ts'

/** The profile key that the text names. Throws INVALID_REQUEST if no user could ever have it. */
export function parseUserKey(text: string, path = 'userId'): string {
  const problem = idProblem(text.startsWith(ANONYMOUS_PREFIX) ? text.slice(ANONYMOUS_PREFIX.length) : text)
  if (problem) throw new PulseprintError('INVALID_REQUEST', `the user id ${problem}`, { path })
  return text
}
