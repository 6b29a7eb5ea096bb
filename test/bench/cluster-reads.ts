// Reads of profiles at the node that runs their shard, and through another one that has to ask it.
import type { Cleanup } from './cleanup.ts'
import { ClusterUnderTest } from './cluster-under-test.ts'
import type { LoadPlan } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'

/** One way to read, in one round. CPU in microseconds per request. */
export interface ReadTurn {
  readsPerSecond: number
  p50Ms: number
  p99Ms: number
  nodesCpu: number
  serversCpu: number
}

export interface ClusterReads {
  atOwner: ReadTurn[]
  throughOther: ReadTurn[]
  /** Users and nodes at random. */
  anywhere: ReadTurn[]
}

export async function measureClusterReads(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<ClusterReads> {
  const cluster = await ClusterUnderTest.start(cleanup, { nodes: 2, nats: 1 })
  const [one, other] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]]
  const common = { port: one.port, firstUser: 0, users: plan.users }
  await runLoad({ ...common, kind: 'ingest', connections: plan.ingestConnections, rounds: 3 })
  await cluster.saved()
  const shards = (await cluster.shards()).length
  const read: LoadPlan = { ...common, kind: 'read', connections: plan.readConnections }
  const ways: Record<keyof ClusterReads, LoadPlan> = {
    atOwner: { ...read, within: { shards, own: await cluster.shardsOf(one) } },
    throughOther: { ...read, within: { shards, own: await cluster.shardsOf(other) } },
    anywhere: { ...read, otherPorts: [other.port] },
  }
  const reads: ClusterReads = { atOwner: [], throughOther: [], anywhere: [] }
  for (let round = 1; round <= plan.cluster.rounds; round++) {
    for (const [way, load] of Object.entries(ways) as [keyof ClusterReads, LoadPlan][]) {
      say(`cluster reads, round ${round} of ${plan.cluster.rounds}: ${way}`)
      await runLoad({ ...load, seconds: plan.readWarmSeconds })
      const before = cluster.cpuSeconds()
      const { requests, seconds, p50Ms, p99Ms } = await runLoad({ ...load, seconds: plan.readSeconds })
      const after = cluster.cpuSeconds()
      reads[way].push({
        readsPerSecond: requests / seconds,
        p50Ms,
        p99Ms,
        nodesCpu: ((after.nodes - before.nodes) * 1e6) / requests,
        serversCpu: ((after.servers - before.servers) * 1e6) / requests,
      })
    }
  }
  await cluster.stop()
  return reads
}
