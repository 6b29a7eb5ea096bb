// What happens when a user actor throws. Applying is pure, so a fault would come back at every
// replay: the shard stops serving and says why, rather than go on with a wrong profile.
import type { SupervisionContext } from 'nact'
import type { UserMessage } from './hot-user.ts'

// biome-ignore lint/suspicious/noExplicitAny: nact's context is generic over references we do not use
type Context = SupervisionContext<UserMessage, any>

/** nact's policy for user actors: tell who waits, and go on with the next message. */
export function superviseUser(
  message: UserMessage | undefined,
  error: Error | undefined,
  context: Context,
): symbol {
  if (message) tellFailure(message, error)
  return context.resume as symbol
}

/** Tells whoever waits for the message: a failed `apply` fails the record and with it the shard. */
export function tellFailure(message: UserMessage, error: unknown): void {
  if (message.kind === 'apply' || message.kind === 'tick') message.turn.failed(error)
  // After a failed activation the messages behind it find no profile and fail in their turn.
  else message.failed(error)
}
