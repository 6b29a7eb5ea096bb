// What two versions of the engine cost and do, side by side as a table.
import type { Cleanup } from '../cleanup.ts'
import type { BenchPlan } from '../plan.ts'
import { median, spread, table } from '../report.ts'
import { READ_CORES } from '../run-load.ts'
import type { Version } from './checkout.ts'
import { compareVersions, type VersionTurn, type VersionTurns } from './versions.ts'

export async function benchVersions(
  versions: readonly Version[],
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const turns = await compareVersions(versions, plan, cleanup, say)
  console.log(`${introduction(plan)}

${versionsTable(turns, plan)}
`)
}

function versionsTable(versions: VersionTurns, plan: BenchPlan): string {
  const [ours, theirs] = versions as [VersionTurns[0], VersionTurns[0]]
  const row = (name: string, of: (turn: VersionTurn) => number) => {
    const ratio = median(ours.turns.map(of)) / median(theirs.turns.map(of))
    return [name, spread(ours.turns.map(of)), spread(theirs.turns.map(of)), `${ratio.toFixed(2)}×`]
  }
  const count = (users: number) => users.toLocaleString('en')
  const { users, tenthUsers } = plan.against
  return table([
    ['', ours.version.name, theirs.version.name, 'ratio'],
    row(`CPU, µs/action, ${count(plan.users)} users`, ({ alone }) => alone.cpuPerAction),
    row(`CPU, µs/action, ${count(users)} users`, (turn) => turn.cpuPerActionOfMany),
    row(
      `CPU, µs/action, ${count(tenthUsers)} users, a tenth of the load`,
      (turn) => turn.cpuPerActionAtTenth,
    ),
    row('ingest with one thread, actions/s applied', ({ alone }) => alone.actionsPerSecond),
    row('  batch p50, ms', ({ alone }) => alone.ingestP50Ms),
    row('  batch p99, ms', ({ alone }) => alone.ingestP99Ms),
    row('ingest with its own threads, actions/s applied', (turn) => turn.actionsPerSecond),
    row('GET profile with one thread, requests/s', ({ alone }) => alone.readsPerSecond),
    row('  p50, ms', ({ alone }) => alone.readP50Ms),
    row('  p99, ms', ({ alone }) => alone.readP99Ms),
    row('  CPU, µs/request', ({ alone }) => alone.cpuPerRead),
    row('bytes per hot user, live', (turn) => turn.liveBytesPerUser),
    row('first answer after kill -9, ms', (turn) => turn.restartMs),
  ])
}

function introduction(plan: BenchPlan): string {
  const { rounds, actions, seconds } = plan.against
  return `Two versions of the engine in turns, ${rounds} rounds (A B, B A …); one load and one definition, ours, for both. Median (least–most); the ratio is of the medians, the first to the second.
Users drawn at random; ${actions.toLocaleString('en')} actions in batches of 100 over ${plan.ingestConnections} connections; ${seconds} s of reads; a tenth of the load at fixed times, as long. CPU is of the engine's process and includes saving.
${READ_CORES ? `Engines of one thread on core ${READ_CORES.server}, their load on core ${READ_CORES.load}` : 'Not pinned to cores: ratios vary with the scheduler'}; the others on any.`
}
