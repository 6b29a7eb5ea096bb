// Every acknowledged action counted exactly once, every other one at most once, each user's in the
// order in which they were sent: in the log, in the profiles that every node serves, and in what is
// stored, byte for byte.
import { encodeProfile } from '../../src/profile/profile-codec.ts'
import { until } from '../support/until.ts'
import type { Http } from './http.ts'
import type { KnownUser, Ledger } from './ledger.ts'
import type { Observed } from './observed.ts'
import type { ProfileBody } from './reader.ts'
import type { Replay } from './replay.ts'
import { openSnapshots } from './stores.ts'
import { SHARDS, type Topology } from './topology.ts'

const QUERY_USERS = 250
const LIVE_MS_MAX = 20_000

/**
 * The log, and the stream of actions, hold every acknowledged action once, in order, and none that
 * nobody sent.
 */
export function checkActions(replay: Replay, actions: Observed, ledger: Ledger): void {
  for (const user of ledger.users.values()) {
    const inLog = replay.users.get(user.userId)?.accepted ?? []
    checkNumbers(user, inLog, 'the log', ledger)
    const onStream = actions.numbersOf(user.userId)
    if (onStream.join() !== inLog.join()) {
      const text = `${user.userId}: ${difference(inLog, onStream)}`
      ledger.violation('the stream of actions is not what the log holds', text)
    }
  }
}

function checkNumbers(user: KnownUser, numbers: readonly number[], where: string, ledger: Ledger): void {
  const found = new Set(numbers)
  const missing = user.sequences.flatMap((_, index) =>
    user.isAcknowledged(index + 1) && !found.has(index + 1) ? [index + 1] : [],
  )
  if (missing.length > 0) {
    ledger.violation('an acknowledged action was lost', `${user.userId}: ${missing.join()} not in ${where}`)
  }
  const unknown = numbers.filter((n) => n > user.sequences.length)
  if (unknown.length > 0) ledger.violation('an action that nobody sent', `${user.userId}: ${unknown.join()}`)
  // One that was given up may come late.
  const acknowledged = numbers.filter((n) => user.isAcknowledged(n))
  const outOfOrder = acknowledged.filter((n, index) => n < (acknowledged[index - 1] ?? 0))
  if (outOfOrder.length > 0) {
    ledger.violation(
      'actions of a user are not in their order',
      `${user.userId}: ${outOfOrder.join()} in ${where}`,
    )
  }
  const given = numbers.filter((n) => !user.isAcknowledged(n)).length
  if (given > 0) ledger.count('given up and there nevertheless', given)
}

/** What differs between two lists of numbers, in short. */
function difference(wanted: readonly number[], found: readonly number[]): string {
  const missing = wanted.filter((n) => !found.includes(n))
  const more = found.filter((n, index) => !wanted.includes(n) || found.indexOf(n) !== index)
  return `missing ${missing.join() || 'none'}, too many ${more.join() || 'none'}, ${wanted.length} wanted`
}

/** Every node answers for every user with what the log says, live. */
export async function checkProfiles(
  topology: Topology,
  http: Http,
  replay: Replay,
  ledger: Ledger,
): Promise<void> {
  for (const { url, name } of topology.nodes) {
    let left = [...replay.users.keys()]
    const isLeft = async () => {
      left = await withoutLive(url, name, left, http, replay, ledger)
      return left.length === 0
    }
    await until(isLeft, () => `${name}: ${left.length} users`, LIVE_MS_MAX).catch((error: Error) =>
      ledger.violation('profiles cannot be read live long after all was well', error.message),
    )
  }
}

/**
 * Checks those that are answered live; gives the others: a busy owner may need longer than a read
 * waits.
 */
async function withoutLive(
  url: string,
  node: string,
  userIds: readonly string[],
  http: Http,
  replay: Replay,
  ledger: Ledger,
): Promise<string[]> {
  const left: string[] = []
  for (let at = 0; at < userIds.length; at += QUERY_USERS) {
    const asked = userIds.slice(at, at + QUERY_USERS)
    const answer = await http.json<{ profiles?: ProfileBody[] }>(url, '/v1/profiles/query', {
      userIds: asked,
    })
    const profiles = answer?.body.profiles
    if (!profiles) left.push(...asked)
    for (const profile of profiles ?? []) {
      if (profile.source === 'snapshot') left.push(profile.userId)
      else checkProfile(node, profile, replay, ledger)
    }
  }
  return left
}

function checkProfile(node: string, profile: ProfileBody, replay: Replay, ledger: Ledger): void {
  const { acts, total, stage, accepted } = replay.users.get(profile.userId)!
  const { features } = profile
  const newest = accepted.length === 0 ? null : Math.max(...accepted)
  const wanted = JSON.stringify({ acts, total, newest, stage })
  const found = JSON.stringify({
    acts: features?.acts,
    total: features?.total,
    newest: features?.newest,
    stage: profile.stage?.name,
  })
  if (found === wanted) return
  ledger.violation(
    'a profile is not what its actions make of it',
    `${profile.userId} at ${node}: ${found}, not ${wanted}`,
  )
}

/** What Redis holds is the pure fold of the log, byte for byte, and wakes whom it must. */
export async function checkStored(topology: Topology, replay: Replay, ledger: Ledger): Promise<void> {
  const snapshots = await openSnapshots(topology)
  try {
    const shards = byShard(replay, ledger)
    for (let shard = 0; shard < SHARDS; shard++) {
      const users = shards[shard]!
      const stored = await snapshots.load(shard, users)
      for (const [index, userId] of users.entries()) {
        const wanted = encodeProfile(replay.fold.definition, replay.profiles.get(userId)!)
        if (stored[index]?.equals(wanted)) continue
        const what = stored[index] ? 'differs' : 'is missing'
        ledger.violation('a stored profile is not the fold of the log', `${userId} in shard ${shard} ${what}`)
      }
      const wakes = await snapshots.wakes(shard, undefined, Number.MAX_SAFE_INTEGER, 1_000)
      for (const { user } of wakes)
        ledger.violation('somebody is to be woken for nothing', `${user} in shard ${shard}`)
    }
    const count = await snapshots.count()
    if (count !== replay.profiles.size) {
      ledger.violation('profiles are stored that no action made', `${count}, not ${replay.profiles.size}`)
    }
  } finally {
    await snapshots.close()
  }
}

function byShard(replay: Replay, ledger: Ledger): string[][] {
  const shards: string[][] = Array.from({ length: SHARDS }, () => [])
  for (const userId of replay.profiles.keys()) shards[ledger.user(userId).shard]!.push(userId)
  return shards
}
