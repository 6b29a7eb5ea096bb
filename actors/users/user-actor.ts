// The user actor: one per hot user. It owns the user's profile and changes it one message at a
// time.
import { dispatch, type Ref, spawn, stop } from 'nact'
import { isDamaged, PulseprintError } from '../../src/errors.ts'
import { OUTCOME } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'
import { decodeProfile } from '../../src/profile/profile-codec.ts'
import type { Effect } from '../../src/rules/effect.ts'
import {
  type ActivateMessage,
  type ApplyMessage,
  type HotUser,
  type RecordInFlight,
  type ShardContext,
  type TickMessage,
  type UserMessage,
  weigh,
} from './hot-user.ts'
import { superviseUser, tellFailure } from './supervision.ts'

let mailboxesSpawned = 0

/** Starts the actor of one user, and tells it where its profile comes from. */
export function startUser(context: ShardContext, name: string, activation: ActivateMessage): HotUser {
  const user = createUser(context, name)
  queue(user, activation)
  return user
}

/** The actor of one user, without its profile. */
export function createUser(context: ShardContext, name: string): HotUser {
  const user: HotUser = {
    name,
    context,
    profile: undefined,
    ref: undefined,
    pending: 0,
    dirty: false,
    saving: false,
    savedWakeAt: Number.POSITIVE_INFINITY,
    queuedAt: Number.POSITIVE_INFINITY,
    used: true,
    weight: 0,
  }
  weigh(user, 0)
  return user
}

/**
 * Hands the actor a message. With an empty mailbox its turn runs here and now, which is what makes
 * a hot user cheap; otherwise the message waits its turn. Errors: OVERLOADED for a read past the
 * mailbox bound.
 */
export function tell(user: HotUser, message: UserMessage): void {
  user.used = true
  if (user.pending > 0) {
    queue(user, message)
    return
  }
  try {
    handle(user, message)
  } catch (error) {
    tellFailure(message, error)
  }
}

function queue(user: HotUser, message: UserMessage): void {
  // Records come one at a time and were let in long before: only readers can fill a mailbox, or be
  // told to come back.
  if (message.kind === 'read' && user.pending >= LIMITS.mailboxLengthMax) {
    throw new PulseprintError('OVERLOADED', 'too many requests wait for this user', { retryAfterSeconds: 1 })
  }
  user.pending++
  user.ref ??= spawnMailbox(user)
  dispatch(user.ref, message)
}

function spawnMailbox(user: HotUser): Ref<UserMessage> {
  // nact allows few characters in a name, user ids allow nearly all: mailboxes are numbered
  // instead.
  const name = (mailboxesSpawned++).toString(36)
  return spawn(user.context.supervisor, turn, name, { initialState: user, onCrash: superviseUser })
}

/**
 * A queued message's turn, run by nact. The next one waits until this one, and what it awaits, is
 * done.
 */
async function turn(user: HotUser, message: UserMessage): Promise<HotUser> {
  try {
    if (message.kind === 'activate') await activate(user, message)
    else handle(user, message)
  } finally {
    // Stopping would discard what waits: only an empty mailbox goes.
    if (--user.pending === 0) stopMailbox(user)
  }
  return user
}

function stopMailbox(user: HotUser): void {
  if (user.ref) stop(user.ref)
  user.ref = undefined
}

async function activate(user: HotUser, { loading, index }: ActivateMessage): Promise<void> {
  const stored = (await loading)[index]
  const { context, name } = user
  try {
    const { definition } = context.fold
    user.profile = stored ? decodeProfile(definition, stored) : emptyProfile(definition)
  } catch (error) {
    if (!isDamaged(error)) throw error
    user.profile = await context.recompute(name)
  }
  weigh(user, stored?.length ?? 0)
  user.savedWakeAt = user.profile.standing?.wakeAt ?? Number.POSITIVE_INFINITY
}

function handle(user: HotUser, message: UserMessage): void {
  const { profile } = user
  if (!profile) throw new PulseprintError('STORAGE_UNAVAILABLE', 'the profile could not be loaded or kept')
  if (message.kind === 'apply')
    applyRecord(user, profile, message.turn, () => applyAll(user, profile, message))
  else if (message.kind === 'tick')
    applyRecord(user, profile, message.turn, () => tick(user, profile, message))
  else if (message.kind === 'read') message.read(profile)
}

/** @param change applies the user's part of the record; false if it changed nothing */
function applyRecord(user: HotUser, profile: Profile, turn: RecordInFlight, change: () => boolean): void {
  let changed: boolean
  try {
    changed = change()
  } catch (error) {
    // Half-applied, it is nobody's profile: it must be neither read nor saved.
    user.profile = undefined
    throw error
  }
  if (changed) profile.sequence = turn.sequence
  turn.applied(user, changed)
}

function applyAll(user: HotUser, profile: Profile, { turn, actions, positions }: ApplyMessage): boolean {
  const { sequence, receivedAt, outcomes, effects } = turn
  const { shard, fold } = user.context
  const isSilent = firesInSilence(user, profile, sequence)
  // After a restart the log is read again from the shard's offset; what the profile has seen is
  // dropped.
  const seen = sequence <= profile.sequence
  for (let index = 0; index < actions.length; index++) {
    const position = positions[index]!
    // What a profile has seen was published before it was saved, if it led to anything: nobody is
    // waiting for it any more.
    outcomes[position] = seen
      ? OUTCOME.duplicate
      : fold.apply(profile, actions[index]!, { shard, sequence, position }, receivedAt, effects)
    if (isSilent && index === 0) dropSilent(user, effects)
  }
  return !seen
}

function tick(user: HotUser, profile: Profile, { turn, position }: TickMessage): boolean {
  const { sequence, receivedAt, effects } = turn
  const { shard, fold } = user.context
  if (sequence <= profile.sequence) return false
  const isSilent = firesInSilence(user, profile, sequence)
  const changed = fold.tick(user.name, profile, { shard, sequence, position }, receivedAt, effects)
  if (isSilent) dropSilent(user, effects)
  return changed
}

/**
 * True if the user's timers were already overdue when a rebuild replayed the log: the first record
 * after it fires them.
 */
function firesInSilence({ context }: HotUser, profile: Profile, sequence: number): boolean {
  const { head, until } = context.rebuilt
  return (
    sequence > head &&
    profile.sequence <= head &&
    profile.standing !== undefined &&
    profile.standing.wakeAt <= until
  )
}

/** Takes out what time has set off by then. */
function dropSilent({ name, context }: HotUser, effects: Effect[]): void {
  const { until } = context.rebuilt
  for (let at = effects.length - 1; at >= 0 && effects[at]!.user === name; at--) {
    if (effects[at]!.actionId === undefined && effects[at]!.at <= until) effects.splice(at, 1)
  }
}
