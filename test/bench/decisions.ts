// How soon a decision reaches who waits for it, idle and while half of what the engine can take
// comes in.
import type { Cleanup } from './cleanup.ts'
import { definitionWith, REWARDING } from './definitions.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import type { ProbePlan, ProbeResult } from './probe.ts'
import { runLoad } from './run-load.ts'
import { startProbe } from './run-probe.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'

export interface DecisionTimes {
  /** One of each per round. */
  idle: ProbeResult[]
  atHalfLoad: ProbeResult[]
  /** Actions per second that came in meanwhile. */
  loads: number[]
}

const PROBES_PER_SECOND = 200
const WARM_UPS = 200
/** The load begins before the probe, and ends after it. */
const LOAD_MARGIN_SECONDS = 2

/** @param halfOfLimit actions per second */
export async function measureDecisions(
  plan: BenchPlan,
  halfOfLimit: number,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<DecisionTimes> {
  const definition = definitionWith(REWARDING)
  const engine = await EngineUnderTest.start(cleanup, { hotUsers: 200_000, definition })
  const { port } = engine
  const traffic: LoadPlan = {
    port,
    kind: 'ingest',
    connections: plan.ingestConnections,
    firstUser: 0,
    users: plan.users,
  }
  await runLoad({ ...traffic, rounds: 1 })
  await runLoad({ ...traffic, seconds: plan.warmSeconds })
  const probe: ProbePlan = {
    port,
    kinds: ['decision', 'returning'],
    perSecond: PROBES_PER_SECOND,
    seconds: plan.probeSeconds,
    warmUps: WARM_UPS,
    users: plan.users,
  }
  const times: DecisionTimes = { idle: [], atHalfLoad: [], loads: [] }
  for (let round = 1; round <= plan.reactionRounds; round++) {
    say(`decisions, round ${round} of ${plan.reactionRounds}`)
    await engine.saved()
    times.idle.push(await startProbe(probe).result)
    const seconds = plan.probeSeconds + WARM_UPS / PROBES_PER_SECOND + LOAD_MARGIN_SECONDS
    const load = runLoad({ ...traffic, seconds, actionsPerSecond: halfOfLimit })
    times.atHalfLoad.push(await startProbe(probe).result)
    const taken = await load
    times.loads.push((taken.requests * BATCH_ACTIONS) / taken.seconds)
  }
  await engine.stop()
  return times
}
