// `npm run bench -- --users N`: the embedded engine when most users are on disk. Each acts once;
// then users drawn at random act and are read, so that nearly all have to be loaded first.
import type { Cleanup } from './cleanup.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { figure, spread, table } from './report.ts'
import { runLoad } from './run-load.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'
import { HOT_USERS } from './sides.ts'

const MEBIBYTE = 2 ** 20

export async function benchUsers(
  users: number,
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const count = users.toLocaleString('en')
  const engine = await EngineUnderTest.start(cleanup, { hotUsers: HOT_USERS })
  const target = { port: engine.port, firstUser: 0, users }
  const write: LoadPlan = { ...target, kind: 'ingest', connections: plan.ingestConnections }
  const read: LoadPlan = { ...target, kind: 'read', connections: plan.readConnections }
  say(`${count} users act once`)
  const first = await costOf(engine, { ...write, rounds: 1 })
  say('users drawn at random act')
  const again = await costOf(engine, { ...write, seconds: plan.trafficSeconds })
  say('users drawn at random are read')
  await runLoad({ ...read, seconds: plan.readWarmSeconds })
  const reads = await costOf(engine, { ...read, seconds: plan.readSeconds })
  const { liveBytes, residentBytes } = await engine.memory()
  const stored = await engine.stored()
  if (stored.users !== users) throw new Error(`${stored.users} users are stored`)
  const disk = await engine.diskBytes()
  const restartsMs: number[] = []
  for (let again = 1; again <= plan.restarts; again++) {
    say(`kill -9 and start, ${again} of ${plan.restarts}`)
    // The kill finds actions that no snapshot covers.
    await runLoad({ ...write, seconds: plan.warmSeconds })
    restartsMs.push(await engine.killAndRestart())
  }
  await engine.stop()
  const perAction = ({ cpuSeconds, requests }: Cost) => (cpuSeconds * 1e6) / (requests * BATCH_ACTIONS)
  const rate = ({ requests, wallSeconds }: Cost) => (requests * BATCH_ACTIONS) / wallSeconds
  console.log(
    `${table([
      [`${HOT_USERS.toLocaleString('en')} users in memory at most`, `${count} users`],
      ['first action of each user, actions/s', figure(rate(first))],
      ['  CPU, µs/action', figure(perAction(first))],
      ['actions of users at random, actions/s', figure(rate(again))],
      ['  CPU, µs/action', figure(perAction(again))],
      ['reads of users at random, requests/s', figure(reads.requests / reads.seconds)],
      ['  p50, ms', figure(reads.p50Ms)],
      ['  p99, ms', figure(reads.p99Ms)],
      ['  CPU, µs/request', figure((reads.cpuSeconds * 1e6) / reads.requests)],
      ['memory, MiB live', figure(liveBytes / MEBIBYTE)],
      ['memory, MiB resident', figure(residentBytes / MEBIBYTE)],
      ['profiles, bytes per user, pages in use', figure(stored.usedBytes / users)],
      ...disk.map(({ name, bytes }) => [`disk, ${name}, MiB`, figure(bytes / MEBIBYTE)]),
      ['first answer after kill -9, ms', spread(restartsMs)],
    ])}
`,
  )
}

interface Cost extends LoadResult {
  /** Until everything is applied. */
  wallSeconds: number
  /** Saving included. */
  cpuSeconds: number
}

async function costOf(engine: EngineUnderTest, load: LoadPlan): Promise<Cost> {
  const cpuBefore = engine.server.cpuSeconds()
  const result = await runLoad(load)
  const acknowledged = performance.now()
  await engine.applied()
  const wallSeconds = result.seconds + (performance.now() - acknowledged) / 1_000
  await engine.saved()
  return { ...result, wallSeconds, cpuSeconds: engine.server.cpuSeconds() - cpuBefore }
}
