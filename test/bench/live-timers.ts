// How late users are told to have fallen silent, while half of what the engine can take comes in.
import { until } from '../support/until.ts'
import type { Cleanup } from './cleanup.ts'
import { definitionWith, fallingQuiet } from './definitions.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import { EventSubscriber } from './event-subscriber.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'
import { BATCH_ACTIONS, userIdOf } from './segment-batch.ts'

export interface Lateness {
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export interface LiveTimers {
  /** Users who fall silent in a round. */
  users: number
  silenceSeconds: number
  /** One per round. */
  lateness: Lateness[]
  loads: number[]
}

/** Those who fall silent are numbered past those who never do. */
const FIRST_SILENT = 5_000_000
/** Their last actions are spread over this time, and so are their timers. */
const SPREAD_SECONDS = 2
/** What it may take to tell them, and the load goes on for. */
const MARGIN_SECONDS = 3

/** @param halfOfLimit actions per second */
export async function measureLiveTimers(
  plan: BenchPlan,
  halfOfLimit: number,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<LiveTimers> {
  const users = plan.liveTimers
  const definition = definitionWith(fallingQuiet(`${plan.silenceSeconds}s`))
  const engine = await EngineUnderTest.start(cleanup, { hotUsers: 200_000, definition })
  const { port } = engine
  const late = new Map<string, number>()
  const subscriber = await EventSubscriber.open(port, 'stages', (data) => {
    const now = performance.timeOrigin + performance.now()
    const { userId, to, at } = JSON.parse(data) as { userId: string; to: string; at: string }
    if (to === 'quiet' && userId >= userIdOf(FIRST_SILENT)) late.set(userId, now - Date.parse(at))
  })
  const connections = plan.ingestConnections
  const traffic: LoadPlan = { port, kind: 'ingest', connections, firstUser: 0, users: plan.users }
  await runLoad({ ...traffic, rounds: 1 })
  const times: LiveTimers = { users, silenceSeconds: plan.silenceSeconds, lateness: [], loads: [] }
  for (let round = 1; round <= plan.reactionRounds; round++) {
    say(`timers under load, round ${round} of ${plan.reactionRounds}`)
    late.clear()
    const seconds = SPREAD_SECONDS + plan.silenceSeconds + MARGIN_SECONDS
    const load = runLoad({ ...traffic, seconds, actionsPerSecond: halfOfLimit })
    const firstUser = FIRST_SILENT + round * users
    await runLoad({ ...traffic, firstUser, users, rounds: 1, actionsPerSecond: users / SPREAD_SECONDS })
    const taken = await load
    await until(
      () => {
        subscriber.assertOpen()
        return late.size === users
      },
      () => `of ${users} users ${late.size} were told to have fallen silent`,
    )
    times.lateness.push(latenessOf([...late.values()]))
    times.loads.push((taken.requests * BATCH_ACTIONS) / taken.seconds)
  }
  subscriber.close()
  await engine.stop()
  return times
}

function latenessOf(values: number[]): Lateness {
  values.sort((a, b) => a - b)
  const at = (share: number) => values[Math.floor((values.length - 1) * share)]!
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}
