// Ingest through clusters of several shapes beside the embedded engine, the baseline, and JetStream
// alone, all in turn.
import { type BareJetStream, measureBareJetStream, recordsOf } from './bare-jetstream.ts'
import type { Cleanup } from './cleanup.ts'
import { type ClusterShape, ClusterUnderTest } from './cluster-under-test.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'
import { checkCounted } from './side-by-side.ts'
import { startSide } from './sides.ts'

/** One side's turn. CPU in microseconds per action. */
export interface IngestTurn {
  actionsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Of the Node processes. */
  nodesCpu: number
  /** Of NATS and Redis; undefined where there are none, or it is not taken. */
  serversCpu?: number
}

export interface ClusterIngest {
  /** By side, in the order in which they are shown. */
  turns: Map<string, IngestTurn[]>
  bare: BareJetStream[]
}

export const BASELINE = 'Fastify + Redis, AOF always'
export const SPREAD = '2 nodes, spread over both'

const ALONE = [
  [BASELINE, 'always'],
  ['Fastify + Redis, AOF everysec', 'everysec'],
  ['embedded, 1 thread', 'oneThread'],
] as const

interface ClusterSide {
  shape: ClusterShape
  /** Name when all is sent to the first node. */
  one?: string
  /** Name when it is sent to all nodes. */
  all?: string
}

const CLUSTERS: ClusterSide[] = [
  { shape: { nodes: 1, nats: 1 }, one: '1 node' },
  { shape: { nodes: 2, nats: 1 }, one: '2 nodes, through one', all: SPREAD },
  { shape: { nodes: 3, nats: 1 }, all: '3 nodes, spread over all' },
  { shape: { nodes: 2, nats: 3 }, all: '2 nodes, spread, 3 NATS, R3' },
]

export async function measureClusterIngest(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<ClusterIngest> {
  const turns = new Map<string, IngestTurn[]>()
  const bare: BareJetStream[] = []
  const add = (name: string, turn: IngestTurn) => turns.set(name, [...(turns.get(name) ?? []), turn])
  const { rounds } = plan.cluster
  for (let round = 1; round <= rounds; round++) {
    for (const [name, sideName] of ALONE) {
      say(`cluster, round ${round} of ${rounds}: ${name}`)
      const side = await startSide(sideName, cleanup)
      const cpu = () => ({ nodes: side.server.cpuSeconds() })
      add(name, await turnOf(plan, [side.port], { ...side, cpu, sent: 0 }))
      await side.stop()
    }
    for (const { shape, one, all } of CLUSTERS) {
      say(`cluster, round ${round} of ${rounds}: ${shape.nodes} nodes, ${shape.nats} NATS`)
      const cluster = await ClusterUnderTest.start(cleanup, shape)
      const ports = cluster.nodes.map(({ port }) => port)
      const side = {
        applied: () => cluster.applied(),
        saved: () => cluster.saved(),
        cpu: () => cluster.cpuSeconds(),
        sent: 0,
      }
      if (one) add(one, await turnOf(plan, ports.slice(0, 1), side))
      const records = await recordsOf(cluster.natsUrls)
      if (all) add(all, await turnOf(plan, ports, side))
      await cluster.stop()
      if (shape.nodes > 1) continue
      say(`cluster, round ${round} of ${rounds}: JetStream alone`)
      bare.push(await measureBareJetStream(plan, records, cleanup))
    }
  }
  return { turns, bare }
}

interface Measured {
  applied(): Promise<void>
  saved(): Promise<void>
  cpu(): { nodes: number; servers?: number }
  /** Actions that it was sent so far. */
  sent: number
}

async function turnOf(plan: BenchPlan, ports: readonly number[], side: Measured): Promise<IngestTurn> {
  const [port, ...otherPorts] = ports as [number, ...number[]]
  const connections = plan.ingestConnections
  const load: LoadPlan = { port, otherPorts, kind: 'ingest', connections, firstUser: 0, users: plan.users }
  const seeded = await runLoad({ ...load, rounds: 1 })
  // Each node has its own code to compile.
  const warm = await runLoad({ ...load, seconds: plan.warmSeconds * ports.length })
  await side.saved()
  const cpuBefore = side.cpu()
  const taken = await runLoad({ ...load, seconds: plan.ingestSeconds })
  const acknowledged = performance.now()
  await side.applied()
  const seconds = taken.seconds + (performance.now() - acknowledged) / 1_000
  await side.saved()
  const cpu = side.cpu()
  side.sent += actionsIn(seeded, warm, taken)
  await checkCounted(load, side.sent)
  const actions = actionsIn(taken)
  const perAction = (from: number, to: number) => ((to - from) * 1e6) / actions
  return {
    actionsPerSecond: actions / seconds,
    p50Ms: taken.p50Ms,
    p99Ms: taken.p99Ms,
    nodesCpu: perAction(cpuBefore.nodes, cpu.nodes),
    ...(cpu.servers !== undefined && { serversCpu: perAction(cpuBefore.servers!, cpu.servers) }),
  }
}

function actionsIn(...loads: LoadResult[]): number {
  return loads.reduce((sum, { requests }) => sum + requests * BATCH_ACTIONS, 0)
}
