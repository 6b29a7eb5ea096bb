// Every stage change and decision that the log leads to is on its stream, once, with its id and in
// order per user; and whoever reads a stream from its beginning gets what the live subscriber got.
import { until } from '../support/until.ts'
import type { StreamName } from './definition.ts'
import type { Ledger } from './ledger.ts'
import type { Expected } from './naive-user.ts'
import { hashOf, type Observed } from './observed.ts'
import type { Replay } from './replay.ts'
import { Subscriber, type Subscription } from './subscriber.ts'

const COMES_MS_MAX = 30_000

export type Streams = Readonly<Record<StreamName, Observed>>

/** Waits until the live subscribers have as much as the log leads to. */
export async function allHeard(replay: Replay, streams: Streams): Promise<void> {
  const wanted = { actions: 0, stages: 0, rewards: 0, messages: 0 }
  for (const { accepted, expected } of replay.users.values()) {
    wanted.actions += accepted.length
    for (const { stream } of expected) wanted[stream]++
  }
  await until(
    () => (Object.keys(wanted) as StreamName[]).every((name) => streams[name].order.length >= wanted[name]),
    () => 'entries are missing',
    COMES_MS_MAX,
    // What is missing is found below, by name.
  ).catch(() => {})
}

export function checkReactions(replay: Replay, streams: Streams, ledger: Ledger): void {
  for (const [userId, { expected }] of replay.users) {
    for (const name of ['stages', 'rewards', 'messages'] as const) {
      const wanted = expected.filter(({ stream }) => stream === name)
      checkEntries(userId, name, wanted, streams[name], ledger)
    }
  }
  for (const id of ledger.decisionIds) {
    if (streams.rewards.has(id) || streams.messages.has(id)) continue
    ledger.violation('a decision on a receipt is on no stream', id)
  }
}

function checkEntries(
  userId: string,
  name: StreamName,
  wanted: readonly Expected[],
  observed: Observed,
  ledger: Ledger,
): void {
  const found = observed.entriesOf(userId)
  if (found.length === wanted.length) {
    const at = wanted.findIndex(
      ({ id, text }, index) => found[index]!.id !== id || found[index]!.text !== text,
    )
    if (at < 0) return
    const [was, is] = [wanted[at]!, found[at]!]
    const text = `${userId}: entry ${at} is ${is.id} ${is.text}, not ${was.id} ${was.text}`
    ledger.violation(`an entry of ${name} is not what the log leads to`, text)
    return
  }
  const foundIds = new Set(found.map(({ id }) => id))
  const wantedIds = new Set(wanted.map(({ id }) => id))
  for (const { id, text } of wanted) {
    if (!foundIds.has(id)) ledger.violation(`an entry of ${name} is missing`, `${userId}: ${id} ${text}`)
  }
  for (const { id, text } of found) {
    if (!wantedIds.has(id)) ledger.violation(`an entry of ${name} has no cause`, `${userId}: ${id} ${text}`)
  }
}

/** Reads the stream anew from its beginning. */
export async function checkFromBeginning(
  subscription: Omit<Subscription, 'onEntry'>,
  live: Observed,
): Promise<void> {
  const { stream, ledger } = subscription
  let count = 0
  let differing: string | undefined
  const subscriber = new Subscriber({
    ...subscription,
    onEntry: ({ id }, place) => {
      if (hashOf(place, id) !== live.order[count]) differing ??= `entry ${count} is now ${id} at ${place}`
      count++
    },
  })
  const running = subscriber.run()
  await until(
    () => count >= live.order.length,
    () => `${count} of ${live.order.length} entries came`,
    COMES_MS_MAX,
  ).catch((error: Error) => {
    differing ??= error.message
  })
  subscriber.stop()
  await running
  if (differing) ledger.violation(`${stream} from its beginning is not what it was live`, differing)
}
