// What happens when a user actor throws. Applying is pure, so a fault would come back at every replay: the
// shard stops serving and says why, rather than go on with a wrong profile.
import type { SupervisionContext } from 'nact'
import type { UserMessage } from './messages.ts'

// biome-ignore lint/suspicious/noExplicitAny: nact's context is generic over references we do not use
type Context = SupervisionContext<UserMessage, any>

/** Fails the record's turn, which fails the shard; the actor itself stays, so that its profile can be looked at. */
export function superviseUser(
  message: UserMessage | undefined,
  error: Error | undefined,
  context: Context,
): symbol {
  if (message?.kind === 'apply') message.turn.failed(error)
  return context.resume as symbol
}
