// The user actor: one per hot user. It owns the user's profile and changes it one message at a time.
import { dispatch, type Ref, spawn, stop } from 'nact'
import type { Definition } from '../src/definition/definition.ts'
import { PulseprintError } from '../src/errors.ts'
import { OUTCOME } from '../src/ingest/batch.ts'
import { LIMITS } from '../src/limits.ts'
import { apply } from '../src/profile/apply.ts'
import type { Profile } from '../src/profile/profile.ts'
import type { ApplyMessage, ReadMessage, UserMessage } from './messages.ts'
import { superviseUser } from './supervision.ts'

/** What the router knows of a hot user. */
export interface HotUser {
  readonly name: string
  readonly profile: Profile
  ref: Ref<UserMessage>
  /** Messages sent and not yet handled; nact's own mailboxes have no bound. */
  pending: number
  /** Changed since it was last handed to the snapshot store. */
  dirty: boolean
  /** On its way to the snapshot store, which does not have it yet. */
  saving: boolean
  /** Used since passivation last looked. */
  used: boolean
}

export interface UserActorState {
  definition: Definition
  user: HotUser
}

let actorsSpawned = 0

/** Starts the actor of one user below the shard's actor. */
export function spawnUser(
  parent: Ref<never>,
  definition: Definition,
  name: string,
  profile: Profile,
): HotUser {
  const ref = parent as Ref<UserMessage>
  const user: HotUser = { name, profile, ref, pending: 0, dirty: false, saving: false, used: true }
  // nact allows few characters in a name, user ids allow nearly all: actors are numbered instead.
  const actorName = (actorsSpawned++).toString(36)
  user.ref = spawn(parent, turn, actorName, { initialState: { definition, user }, onCrash: superviseUser })
  return user
}

/** Queues a message. Errors: OVERLOADED past the mailbox bound. */
export function send(user: HotUser, message: UserMessage): void {
  if (user.pending >= LIMITS.mailboxLengthMax) {
    throw new PulseprintError('OVERLOADED', 'too many requests wait for this user', { retryAfterSeconds: 1 })
  }
  user.pending++
  user.used = true
  dispatch(user.ref, message)
}

/** Ends the actor. Only with an empty mailbox: stopping would discard what waits in it. */
export function stopUser(user: HotUser): void {
  stop(user.ref)
}

function turn(state: UserActorState, message: UserMessage): UserActorState {
  state.user.pending--
  if (message.kind === 'apply') applyTurn(state, message)
  else readTurn(state, message)
  return state
}

function applyTurn({ definition, user }: UserActorState, { turn, actions, positions }: ApplyMessage): void {
  const { profile } = user
  for (let index = 0; index < actions.length; index++) {
    const position = positions[index]!
    // After a restart the log is read again from the shard's offset; what the profile has seen is dropped.
    turn.outcomes[position] =
      turn.sequence <= profile.sequence
        ? OUTCOME.accepted
        : apply(definition, profile, actions[index]!, turn.sequence, position, turn.receivedAt)
  }
  if (turn.sequence > profile.sequence) profile.sequence = turn.sequence
  turn.applied(user)
}

function readTurn({ user }: UserActorState, message: ReadMessage): void {
  message.read(user.profile)
}
