// Two versions of the engine in turns under one load and one definition: A B, B A, A B …, so that
// neither always comes second. An engine of one thread has a core of its own, the load another.
import type { Cleanup } from '../cleanup.ts'
import { EngineUnderTest } from '../engine-under-test.ts'
import type { BenchPlan } from '../plan.ts'
import { hotUsersFor, measurePopulation, trafficOf } from '../populations.ts'
import { pin, READ_CORES, runLoad, runOpenLoad } from '../run-load.ts'
import { BATCH_ACTIONS } from '../segment-batch.ts'
import { measureIngest, measureTurn, type Turn } from '../side-by-side.ts'
import { HOT_USERS, startEngineSide } from '../sides.ts'
import type { Version } from './checkout.ts'

/** What one turn of a version gave. CPU in microseconds of the engine's process. */
export interface VersionTurn {
  /** One thread on a core of its own, the smaller population. */
  alone: Turn
  /** With the threads that it takes by itself, on any core. */
  actionsPerSecond: number
  cpuPerActionAtTenth: number
  /** The larger population. */
  cpuPerActionOfMany: number
  liveBytesPerUser: number
  restartMs: number
}

/** By version, in the order given. */
export type VersionTurns = { version: Version; turns: VersionTurn[] }[]

/** What both versions are given. */
interface Common {
  plan: BenchPlan
  cleanup: Cleanup
  /** A tenth of what the first that was measured took: the same for both. */
  tenth?: number
}

export async function compareVersions(
  versions: readonly Version[],
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<VersionTurns> {
  const all: VersionTurns = versions.map((version) => ({ version, turns: [] }))
  const { actions, seconds, warmSeconds } = plan.against
  const own: BenchPlan = {
    ...plan,
    warmSeconds,
    readWarmSeconds: warmSeconds,
    ingestActions: actions,
    readSeconds: seconds,
  }
  const common: Common = { plan: own, cleanup }
  for (let round = 1; round <= plan.against.rounds; round++) {
    for (const { version, turns } of round % 2 === 1 ? all : all.toReversed()) {
      say(`round ${round} of ${plan.against.rounds}: ${version.name}`)
      turns.push(await measureVersion(version, common))
    }
  }
  return all
}

async function measureVersion({ root }: Version, common: Common): Promise<VersionTurn> {
  const { plan, cleanup } = common
  const one = await startEngineSide({ hotUsers: HOT_USERS, threads: 1, root }, cleanup)
  if (READ_CORES) pin(one.server.pid, READ_CORES.server)
  const alone = await measureTurn(one, plan, READ_CORES?.load)
  common.tenth ??= alone.actionsPerSecond / 10
  const cpuPerActionAtTenth = await measureTenth(one, common.tenth, plan)
  await one.stop()

  const free = await startEngineSide({ hotUsers: HOT_USERS, root }, cleanup)
  const { actionsPerSecond } = await measureIngest(free, plan, {})
  await free.stop()

  const { users } = plan.against
  const many = await EngineUnderTest.start(cleanup, { hotUsers: hotUsersFor(users), threads: 1, root })
  if (READ_CORES) pin(many.server.pid, READ_CORES.server)
  const cost = await measurePopulation(many, users, plan, READ_CORES?.load)
  // The kill finds actions that no snapshot covers.
  await runLoad({ ...trafficOf(many, users, plan), seconds: plan.warmSeconds }, READ_CORES?.load)
  const restartMs = await many.killAndRestart()
  await many.stop()
  return {
    alone,
    actionsPerSecond,
    cpuPerActionAtTenth,
    cpuPerActionOfMany: cost.cpuPerAction,
    liveBytesPerUser: cost.liveBytesPerUser,
    restartMs,
  }
}

async function measureTenth(
  side: Awaited<ReturnType<typeof startEngineSide>>,
  actionsPerSecond: number,
  plan: BenchPlan,
): Promise<number> {
  const { tenthUsers: users, seconds } = plan.against
  const load = { port: side.port, users, readsPerSecond: 0, actionsPerSecond }
  const traffic = { port: side.port, connections: plan.ingestConnections, firstUser: 0, users }
  await runLoad({ ...traffic, kind: 'ingest', rounds: 1 }, READ_CORES?.load)
  await runOpenLoad({ ...load, seconds: plan.warmSeconds }, READ_CORES?.load)
  if (plan.awaitsSaving) await side.saved()
  const cpuBefore = side.server.cpuSeconds()
  const { batches } = await runOpenLoad({ ...load, seconds }, READ_CORES?.load)
  if (plan.awaitsSaving) await side.saved()
  const cpuSeconds = side.server.cpuSeconds() - cpuBefore
  return (cpuSeconds * 1e6) / (batches.answered * BATCH_ACTIONS)
}
