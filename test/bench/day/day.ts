// Writes and reads at once, as one published system has them on an average day, and the largest
// share of that day at which nobody waits: 4.5 billion actions and 1.5 billion queries.
import type { Version } from '../against/checkout.ts'
import type { Cleanup } from '../cleanup.ts'
import type { Kept } from '../cluster-under-test.ts'
import type { OpenLoadResult } from '../open-load.ts'
import type { BenchPlan } from '../plan.ts'
import { runLoad, runOpenLoad } from '../run-load.ts'
import { BATCH_ACTIONS } from '../segment-batch.ts'
import { checkCounted } from '../side-by-side.ts'
import { DAY_ENGINES, type DayEngine, type DayTarget } from './day-engines.ts'
import { type Limit, largestShare, type Step } from './largest-share.ts'

export const DAY = { actionsPerSecond: 52_000, readsPerSecond: 17_400 }
/** Milliseconds. */
export const BOUNDS = { readMean: 3, readP99: 10, batchP99: 25 }
/** A load that looks at its own schedule later than this spoils what it measures. */
const LOAD_LATE_MS = BOUNDS.readP99 / 2

/** One load for some seconds. */
export interface DayStep extends OpenLoadResult, Step {
  /** CPU that the engine used, servers of a cluster included. */
  cores: number
  /** What the NATS servers kept of a batch; undefined without any. */
  keptPerBatch: Kept | undefined
}

export type DayTurn = Limit<DayStep>

export interface DayRow {
  name: string
  turns: DayTurn[]
}

export async function measureDay(
  versions: readonly Version[],
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<DayRow[]> {
  const all = DAY_ENGINES.flatMap((engine) =>
    versions.map(({ name, root }) => ({
      name: versions.length > 1 ? `${engine.name}, ${name}` : engine.name,
      engine,
      root,
      turns: [] as DayTurn[],
    })),
  )
  for (let round = 1; round <= plan.day.rounds; round++) {
    for (const { name, engine, root, turns } of round % 2 === 1 ? all : all.toReversed()) {
      say(`the day, round ${round} of ${plan.day.rounds}: ${name}`)
      turns.push(await measureDayTurn(engine, root, plan, cleanup, say))
    }
  }
  return all
}

async function measureDayTurn(
  engine: DayEngine,
  root: string,
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<DayTurn> {
  const { users, seconds } = plan.day
  const target = await engine.start(root, cleanup)
  const [port, ...otherPorts] = target.ports as [number, ...number[]]
  const common = { port, otherPorts, users }
  await runLoad({ ...common, firstUser: 0, kind: 'ingest', connections: plan.ingestConnections, rounds: 1 })
  await warm(target, common, plan)
  let actions = users
  let mayBeLost = false
  await target.applied()
  const measure = async (share: number): Promise<DayStep> => {
    const cpuBefore = target.cpuSeconds()
    const keptBefore = await target.kept()
    const result = await runOpenLoad({ ...common, ...shareOf(share), seconds })
    const cores = (target.cpuSeconds() - cpuBefore) / seconds
    actions += result.batches.answered * BATCH_ACTIONS
    mayBeLost ||= result.batches.refused > 0
    await target.applied()
    const keptPerBatch = perBatch(keptBefore, await target.kept(), result.batches.answered)
    const step = { ...result, share, cores, keptPerBatch, problem: problemOf(result) }
    say(`  ${Math.round(share * 100)} % of the day: ${step.problem ?? 'held'}`)
    return step
  }
  const turn = await largestShare(measure)
  if (!mayBeLost) await checkCounted({ port, users }, actions)
  await target.stop()
  return turn
}

/** Code that is not compiled yet would be taken for a limit. Its actions are of other users. */
async function warm(
  { ports }: DayTarget,
  common: { port: number; otherPorts: number[]; users: number },
  plan: BenchPlan,
): Promise<void> {
  const others = { ...common, firstUser: common.users, users: 1_000 }
  const seconds = plan.warmSeconds * ports.length
  await runLoad({ ...others, kind: 'ingest', connections: plan.ingestConnections, rounds: 1 })
  await runLoad({ ...others, kind: 'ingest', connections: plan.ingestConnections, seconds })
  const readSeconds = plan.readWarmSeconds * ports.length
  await runLoad({ ...others, kind: 'read', connections: plan.readConnections, seconds: readSeconds })
}

function perBatch(before: Kept | undefined, after: Kept | undefined, batches: number): Kept | undefined {
  if (!before || !after) return undefined
  return {
    messages: (after.messages - before.messages) / batches,
    bytes: (after.bytes - before.bytes) / batches,
  }
}

function shareOf(share: number): typeof DAY {
  return { actionsPerSecond: DAY.actionsPerSecond * share, readsPerSecond: DAY.readsPerSecond * share }
}

function problemOf({ batches, reads, lateP99Ms }: OpenLoadResult): string | undefined {
  const problems = [
    ...over('reads, mean', reads.meanMs, BOUNDS.readMean),
    ...over('reads, p99', reads.p99Ms, BOUNDS.readP99),
    ...over('batches, p99', batches.p99Ms, BOUNDS.batchP99),
    ...[batches, reads].flatMap(({ refused }) => (refused > 0 ? [`${refused} refused`] : [])),
    ...[batches, reads].flatMap(({ unsent }) => (unsent > 0 ? [`${unsent} not sent in time`] : [])),
  ]
  if (problems.length === 0) return undefined
  if (lateP99Ms > LOAD_LATE_MS) problems.push(`the load itself ${lateP99Ms.toFixed(1)} ms late`)
  return problems.join('; ')
}

function over(name: string, ms: number, bound: number): string[] {
  return ms > bound ? [`${name} ${ms.toFixed(1)} ms`] : []
}
