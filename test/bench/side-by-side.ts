// Ingest and reads, all sides in turn, round after round: A B C D A B C D …, so that a slow minute
// hits all alike.
import type { Cleanup } from './cleanup.ts'
import { HttpConnection } from './http-connection.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { pin, READ_CORES, runLoad } from './run-load.ts'
import { BATCH_ACTIONS, userIdOf } from './segment-batch.ts'
import { SIDES, type Side, type SideName, startSide } from './sides.ts'

/** One side's turn. Times in milliseconds, CPU in microseconds of the server's process. */
export interface Turn {
  actionsPerSecond: number
  ingestP50Ms: number
  ingestP99Ms: number
  cpuPerAction: number
  readsPerSecond: number
  readP50Ms: number
  readP99Ms: number
  cpuPerRead: number
}

export type Turns = Record<SideName, Turn[]>

const CHECK_CONNECTIONS = 16

export async function compareSides(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<Turns> {
  const turns: Turns = { ours: [], oneThread: [], everysec: [], always: [], bare: [] }
  for (let round = 1; round <= plan.rounds; round++) {
    for (const name of SIDES) {
      say(`round ${round} of ${plan.rounds}: ${name}`)
      const side = await startSide(name, cleanup)
      turns[name].push(await measureTurn(side, plan))
      await side.stop()
    }
  }
  return turns
}

/** @param core the one core that the load of ingest may use; undefined: any */
export async function measureTurn(side: Side, plan: BenchPlan, core?: number): Promise<Turn> {
  const ingest = await measureIngest(side, plan, {}, core)
  return { ...ingest, ...(await measureReads(side, plan)) }
}

export type IngestTurn = Pick<Turn, 'actionsPerSecond' | 'ingestP50Ms' | 'ingestP99Ms' | 'cpuPerAction'>

/**
 * @param shape of the load, where it is not batches of 100 of users who are all alike
 * @param core as above
 */
export async function measureIngest(
  side: Side,
  plan: BenchPlan,
  shape: Partial<Pick<LoadPlan, 'connections' | 'batchActions' | 'hotShare'>>,
  core?: number,
): Promise<IngestTurn> {
  const target = { port: side.port, firstUser: 0, users: plan.users }
  const ingest: LoadPlan = { ...target, kind: 'ingest', connections: plan.ingestConnections, ...shape }
  const { batchActions = BATCH_ACTIONS } = shape
  const seeded = await runLoad({ ...ingest, rounds: 1 }, core)
  const warm = await runLoad({ ...ingest, seconds: plan.warmSeconds }, core)
  if (plan.awaitsSaving) await side.saved()

  const cpuBefore = side.server.cpuSeconds()
  const taken = await runLoad({ ...ingest, ...lengthOf(plan, plan.ingestSeconds, batchActions) }, core)
  const acknowledged = performance.now()
  await side.applied()
  const seconds = taken.seconds + (performance.now() - acknowledged) / 1_000
  // Saving goes on after the rate is taken: its CPU is a cost of the actions, not of the reads that
  // come next.
  if (plan.awaitsSaving) await side.saved()
  const cpuSeconds = side.server.cpuSeconds() - cpuBefore
  const actions = taken.requests * batchActions
  const sent = (seeded.requests + warm.requests + taken.requests) * batchActions
  if (side.counts) await checkCounted(target, sent)

  return {
    actionsPerSecond: actions / seconds,
    ingestP50Ms: taken.p50Ms,
    ingestP99Ms: taken.p99Ms,
    cpuPerAction: (cpuSeconds * 1e6) / actions,
  }
}

async function measureReads(
  { port, server, oneThread }: Side,
  plan: BenchPlan,
): Promise<Pick<Turn, 'readsPerSecond' | 'readP50Ms' | 'readP99Ms' | 'cpuPerRead'>> {
  const cores = oneThread ? READ_CORES : undefined
  if (cores) pin(server.pid, cores.server)
  const target = { port, firstUser: 0, users: plan.users }
  const read: LoadPlan = { ...target, kind: 'read', connections: plan.readConnections }
  await runLoad({ ...read, seconds: plan.readWarmSeconds }, cores?.load)
  const cpuBefore = server.cpuSeconds()
  const { requests, seconds, p50Ms, p99Ms } = await runLoad(
    { ...read, seconds: plan.readSeconds },
    cores?.load,
  )
  const cpuPerRead = ((server.cpuSeconds() - cpuBefore) * 1e6) / requests
  return { readsPerSecond: requests / seconds, readP50Ms: p50Ms, readP99Ms: p99Ms, cpuPerRead }
}

/** @param seconds where the plan has no number of actions */
export function lengthOf(
  { ingestActions }: BenchPlan,
  seconds: number,
  batchActions = BATCH_ACTIONS,
): Pick<LoadPlan, 'seconds' | 'requests'> {
  return ingestActions === undefined ? { seconds } : { requests: Math.ceil(ingestActions / batchActions) }
}

/**
 * Reads every profile: what they count together must be what was sent. A rate of lost actions is no
 * rate.
 */
export async function checkCounted(
  { port, users }: { port: number; users: number },
  sent: number,
): Promise<void> {
  let user = 0
  let counted = 0
  await Promise.all(
    Array.from({ length: CHECK_CONNECTIONS }, async () => {
      const connection = await HttpConnection.open(port)
      while (user < users) {
        const path = `/v1/profiles/${userIdOf(user++)}`
        const body = await connection.send(
          Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`),
        )
        const profile = JSON.parse(body.toString()) as { features: { purchases: number } }
        counted += profile.features.purchases
      }
      connection.close()
    }),
  )
  if (counted !== sent) throw new Error(`${sent} actions were sent and ${counted} were counted`)
}
