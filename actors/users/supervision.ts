// What happens when a user actor throws. Applying is pure, so the fault would come back at every
// replay. The shard therefore stops serving and says why, rather than go on with a wrong profile.
import type { SupervisionContext } from 'nact'
import type { UserMessage } from './hot-user.ts'

// biome-ignore lint/suspicious/noExplicitAny: nact's context is generic over references we do not use
type Context = SupervisionContext<UserMessage, any>

/**
 * nact's policy for user actors: pass the error to the waiting caller, and go on with the next
 * message.
 */
export function superviseUser(
  message: UserMessage | undefined,
  error: Error | undefined,
  context: Context,
): symbol {
  if (message) tellFailure(message, error)
  return context.resume as symbol
}

/**
 * Passes the error to the caller of the message. A failed `apply` fails the record, and with it the
 * shard.
 */
export function tellFailure(message: UserMessage, error: unknown): void {
  if (message.kind === 'apply' || message.kind === 'tick') message.turn.failed(error)
  // If the activation fails, the messages after it find no profile and fail too.
  else message.failed(error)
}
