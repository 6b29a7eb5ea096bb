// What a user costs as users grow: CPU and time per action, memory while hot, bytes when stored;
// and after the last population, how long a start takes after kill -9.
import type { Cleanup } from './cleanup.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'
import { lengthOf } from './side-by-side.ts'

export interface PopulationCost {
  users: number
  /** Microseconds per action, users drawn at random from the whole population. */
  wallPerAction: number
  cpuPerAction: number
  /** Bytes per hot user with five actions: live after a collection, and resident in the process. */
  liveBytesPerUser: number
  residentBytesPerUser: number
  /** Bytes per stored user with five actions: pages in use, and the file. */
  usedBytesPerUser: number
  fileBytesPerUser: number
}

export interface Populations {
  costs: PopulationCost[]
  /**
   * Milliseconds from a start after kill -9 to the first profile answered, at the largest
   * population.
   */
  restartsMs: number[]
}

const ACTIONS_PER_USER = 5
/** Users that warm an engine before its empty memory is taken; numbered past every population. */
const WARM_USERS = { firstUser: 9_000_000, users: 1_000 }

export async function measurePopulations(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<Populations> {
  const costs: PopulationCost[] = []
  const restartsMs: number[] = []
  const largest = Math.max(...plan.populations)
  for (const users of plan.populations) {
    say(`population of ${users.toLocaleString('en')}`)
    const engine = await EngineUnderTest.start(cleanup, { hotUsers: hotUsersFor(largest) })
    costs.push(await measurePopulation(engine, users, plan))
    for (let again = 0; users === largest && again < plan.restarts; again++) {
      say(`kill -9 and start, ${again + 1} of ${plan.restarts}`)
      restartsMs.push(await engine.killAndRestart())
      // The next kill finds actions that no snapshot covers.
      await runLoad({ ...trafficOf(engine, users, plan), seconds: plan.warmSeconds })
    }
    await engine.stop()
  }
  return { costs, restartsMs }
}

/** @param core the one core that the load may use; undefined: any */
export async function measurePopulation(
  engine: EngineUnderTest,
  users: number,
  plan: BenchPlan,
  core?: number,
): Promise<PopulationCost> {
  const traffic = trafficOf(engine, users, plan)
  await runLoad({ ...traffic, ...WARM_USERS, rounds: 1 }, core)
  await runLoad({ ...traffic, ...WARM_USERS, seconds: plan.warmSeconds }, core)
  if (plan.awaitsSaving) await engine.saved()
  const empty = await engine.memory()
  await runLoad({ ...traffic, rounds: ACTIONS_PER_USER }, core)
  await engine.saved()
  const full = await engine.memory()
  const stored = await engine.stored()
  if (stored.users !== users + WARM_USERS.users) throw new Error(`${stored.users} users are stored`)

  const cpuBefore = engine.server.cpuSeconds()
  const { requests, seconds } = await runLoad({ ...traffic, ...lengthOf(plan, plan.trafficSeconds) }, core)
  const acknowledged = performance.now()
  await engine.applied()
  const wallSeconds = seconds + (performance.now() - acknowledged) / 1_000
  if (plan.awaitsSaving) await engine.saved()
  const cpuSeconds = engine.server.cpuSeconds() - cpuBefore
  const actions = requests * BATCH_ACTIONS
  return {
    users,
    wallPerAction: (wallSeconds * 1e6) / actions,
    cpuPerAction: (cpuSeconds * 1e6) / actions,
    liveBytesPerUser: (full.liveBytes - empty.liveBytes) / users,
    residentBytesPerUser: (full.residentBytes - empty.residentBytes) / users,
    usedBytesPerUser: stored.usedBytes / stored.users,
    fileBytesPerUser: stored.fileBytes / stored.users,
  }
}

/** Room for all of a population in memory, wherever its shards put them. */
export function hotUsersFor(users: number): number {
  return users + WARM_USERS.users + 200_000
}

export function trafficOf({ port }: EngineUnderTest, users: number, plan: BenchPlan): LoadPlan {
  return { port, kind: 'ingest', connections: plan.ingestConnections, firstUser: 0, users }
}
