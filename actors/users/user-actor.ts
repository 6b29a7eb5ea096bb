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
  type ShardContext,
  type TickMessage,
  type UserMessage,
  weigh,
} from './hot-user.ts'
import { superviseUser, tellFailure } from './supervision.ts'

let mailboxesSpawned = 0

/**
 * Starts the actor of one user and gives it the source of its profile. A profile that is at hand is
 * taken here and now.
 */
export function startUser(context: ShardContext, name: string, activation: ActivateMessage): HotUser {
  const user = createUser(context, name)
  const { loading, index } = activation
  if (loading instanceof Promise || !adopt(user, loading[index])) queue(user, activation)
  return user
}

/** The actor of one user, without its profile. */
export function createUser(context: ShardContext, name: string): HotUser {
  const user: HotUser = {
    name,
    context,
    profile: undefined,
    ref: undefined,
    gathering: undefined,
    pending: 0,
    dirty: false,
    saving: false,
    savedWakeAt: Number.POSITIVE_INFINITY,
    queuedAt: Number.POSITIVE_INFINITY,
    used: true,
    weight: 0,
  }
  weigh(user)
  return user
}

/**
 * Hands the actor a message. If the mailbox is empty, the message's turn runs here and now, which
 * makes a hot user cheap. Otherwise it waits. Errors: OVERLOADED for a read past the mailbox bound.
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
  // Only reads can fill a mailbox or be refused, because records come one at a time and the front
  // door let their actions in long before.
  if (message.kind === 'read' && user.pending >= LIMITS.mailboxLengthMax) {
    throw new PulseprintError('OVERLOADED', 'too many requests wait for this user', { retryAfterSeconds: 1 })
  }
  user.pending++
  user.ref ??= spawnMailbox(user)
  dispatch(user.ref, message)
}

function spawnMailbox(user: HotUser): Ref<UserMessage> {
  // nact allows few characters in a name, but user ids allow nearly all. So mailboxes are numbered.
  const name = (mailboxesSpawned++).toString(36)
  return spawn(user.context.supervisor, turn, name, { initialState: user, onCrash: superviseUser })
}

/**
 * A queued message's turn, run by nact. The next message waits until this turn and everything it
 * awaits is done.
 */
async function turn(user: HotUser, message: UserMessage): Promise<HotUser> {
  try {
    if (message.kind === 'activate') await activate(user, message)
    else handle(user, message)
  } finally {
    // Only an empty mailbox is stopped, because stopping discards waiting messages.
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
  if (adopt(user, stored)) return
  const profile = await user.context.recompute(user.name)
  take(user, profile)
}

/** Takes the profile as it was stored, if at all; false if its bytes are damaged. */
function adopt(user: HotUser, stored: Buffer | undefined): boolean {
  const { definition } = user.context.fold
  try {
    take(user, stored ? decodeProfile(definition, stored) : emptyProfile(definition))
    return true
  } catch (error) {
    if (isDamaged(error)) return false
    throw error
  }
}

function take(user: HotUser, profile: Profile): void {
  user.profile = profile
  user.savedWakeAt = profile.standing?.wakeAt ?? Number.POSITIVE_INFINITY
  weigh(user)
}

function handle(user: HotUser, message: UserMessage): void {
  const { profile } = user
  if (!profile) throw new PulseprintError('STORAGE_UNAVAILABLE', 'the profile could not be loaded or kept')
  if (message.kind === 'read') message.read(profile)
  else if (message.kind !== 'activate') applyRecord(user, profile, message)
}

function applyRecord(user: HotUser, profile: Profile, message: ApplyMessage | TickMessage): void {
  const { turn } = message
  let changed: boolean
  try {
    changed = message.kind === 'apply' ? applyAll(user, profile, message) : tick(user, profile, message)
  } catch (error) {
    // A half-applied profile must be neither read nor saved.
    user.profile = undefined
    throw error
  }
  if (changed) profile.sequence = turn.sequence
  turn.applied(user, changed)
}

function applyAll(user: HotUser, profile: Profile, { turn, first, last }: ApplyMessage): boolean {
  const { sequence, receivedAt, actions, next, outcomes, effects } = turn
  const { shard, fold } = user.context
  const isSilent = firesInSilence(user, profile, sequence)
  // After a restart, the shard reads the log again from its offset. A profile drops records that it
  // has seen.
  const seen = sequence <= profile.sequence
  for (let position = first; ; position = next![position]!) {
    // The profile was saved only after the effects of this record were published, so nobody waits
    // for them.
    outcomes[position] = seen
      ? OUTCOME.duplicate
      : fold.apply(profile, actions[position]!, { shard, sequence, position }, receivedAt, effects)
    if (isSilent && position === first) dropSilent(user, effects)
    if (position === last) return !seen
  }
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

/** Takes out the effects of everything that was due by then. */
function dropSilent({ name, context }: HotUser, effects: Effect[]): void {
  const { until } = context.rebuilt
  for (let at = effects.length - 1; at >= 0 && effects[at]!.user === name; at--) {
    if (effects[at]!.actionId === undefined && effects[at]!.at <= until) effects.splice(at, 1)
  }
}
