// How soon a decision reaches who waits for it at another node than the action was sent to, idle
// and beside load.
import type { Cleanup } from './cleanup.ts'
import { ClusterUnderTest } from './cluster-under-test.ts'
import type { DecisionTimes } from './decisions.ts'
import { definitionWith, REWARDING } from './definitions.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import type { ProbePlan } from './probe.ts'
import { runLoad } from './run-load.ts'
import { startProbe } from './run-probe.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'

const PROBES_PER_SECOND = 100
const WARM_UPS = 100
/** The load begins before the probe, and ends after it. */
const LOAD_MARGIN_SECONDS = 2

/** @param actionsPerSecond of the load beside */
export async function measureClusterDecisions(
  plan: BenchPlan,
  actionsPerSecond: number,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<DecisionTimes> {
  const cluster = await ClusterUnderTest.start(cleanup, { nodes: 2, nats: 1 }, definitionWith(REWARDING))
  const [port, subscribePort] = cluster.nodes.map((node) => node.port) as [number, number]
  const traffic: LoadPlan = {
    port,
    otherPorts: [subscribePort],
    kind: 'ingest',
    connections: plan.ingestConnections,
    firstUser: 0,
    users: plan.users,
  }
  await runLoad({ ...traffic, rounds: 1 })
  await runLoad({ ...traffic, seconds: plan.warmSeconds })
  const probe: ProbePlan = {
    port,
    subscribePort,
    kinds: ['decision', 'returning'],
    perSecond: PROBES_PER_SECOND,
    seconds: plan.probeSeconds,
    warmUps: WARM_UPS,
    users: plan.users,
  }
  const times: DecisionTimes = { idle: [], atHalfLoad: [], loads: [] }
  for (let round = 1; round <= plan.cluster.rounds; round++) {
    say(`cluster decisions, round ${round} of ${plan.cluster.rounds}`)
    await cluster.saved()
    times.idle.push(await startProbe(probe).result)
    const seconds = plan.probeSeconds + WARM_UPS / PROBES_PER_SECOND + LOAD_MARGIN_SECONDS
    const load = runLoad({ ...traffic, seconds, actionsPerSecond })
    times.atHalfLoad.push(await startProbe(probe).result)
    const taken = await load
    times.loads.push((taken.requests * BATCH_ACTIONS) / taken.seconds)
  }
  await cluster.stop()
  return times
}
