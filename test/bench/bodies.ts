// Bodies as people send them: few actions in one, many, and one user far ahead of all others. What
// an action then costs, and how many are taken.
import type { Version } from './against/checkout.ts'
import type { Cleanup } from './cleanup.ts'
import type { BenchPlan } from './plan.ts'
import { spread, table } from './report.ts'
import { pin, READ_CORES } from './run-load.ts'
import { type IngestTurn, measureIngest } from './side-by-side.ts'
import { HOT_USERS, startEngineSide } from './sides.ts'

/** Small bodies need more connections to keep an engine busy: each waits for its flush. */
const SHAPES = [
  { name: '1 action a body', batchActions: 1, connections: 256 },
  { name: '20 actions a body', batchActions: 20, connections: 64 },
  { name: '100 actions a body', batchActions: 100, connections: 16 },
  { name: '100, a tenth of all from one user', batchActions: 100, connections: 16, hotShare: 0.1 },
]

export async function benchBodies(
  versions: readonly Version[],
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const all = SHAPES.flatMap(({ name, ...shape }) =>
    versions.map((version) => ({
      name: versions.length > 1 ? `${name}, ${version.name}` : name,
      shape,
      root: version.root,
      turns: [] as IngestTurn[],
    })),
  )
  for (let round = 1; round <= plan.rounds; round++) {
    for (const { name, shape, root, turns } of round % 2 === 1 ? all : all.toReversed()) {
      say(`bodies, round ${round} of ${plan.rounds}: ${name}`)
      const side = await startEngineSide({ hotUsers: HOT_USERS, threads: 1, root }, cleanup)
      if (READ_CORES) pin(side.server.pid, READ_CORES.server)
      turns.push(await measureIngest(side, plan, shape, READ_CORES?.load))
      await side.stop()
    }
  }
  const head = ['one thread', 'connections', 'actions/s applied', 'CPU, µs/action', 'p50, ms', 'p99, ms']
  const rows = all.map(({ name, shape, turns }) => [
    name,
    String(shape.connections),
    spread(turns.map((turn) => turn.actionsPerSecond)),
    spread(turns.map((turn) => turn.cpuPerAction)),
    spread(turns.map((turn) => turn.ingestP50Ms)),
    spread(turns.map((turn) => turn.ingestP99Ms)),
  ])
  console.log(`Bodies to POST /v1/batch, ${plan.ingestSeconds} s each; ${READ_CORES ? `the engine on core ${READ_CORES.server}, the load on core ${READ_CORES.load}` : 'not pinned to cores'}. CPU includes saving.

${table([head, ...rows])}
`)
}
