// The part of the benchmark that is about clusters, each table printed as soon as it is there.
import type { Cleanup } from './cleanup.ts'
import { measureClusterDecisions } from './cluster-decisions.ts'
import { measureClusterIngest, SPREAD } from './cluster-ingest.ts'
import { measureClusterMoves } from './cluster-moves.ts'
import { measureClusterReads } from './cluster-reads.ts'
import {
  clusterDecisionsTable,
  clusterIngestTable,
  clusterMovesTable,
  clusterReadsTable,
  clusterStorageTable,
} from './cluster-report.ts'
import { measureReplays, measureStoredUsers } from './cluster-storage.ts'
import type { BenchPlan } from './plan.ts'
import { median } from './report.ts'

export async function benchCluster(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const ingest = await measureClusterIngest(plan, cleanup, say)
  console.log(`Clusters on this machine: nats-server with sync_interval always, Redis with AOF always, nodes of one thread.
Load, nodes and servers share its cores and its one disk: more nodes add no machine here, and three replicas write everything three times.

${clusterIngestTable(ingest)}
`)
  console.log(`${clusterReadsTable(await measureClusterReads(plan, cleanup, say))}
`)
  const rates = ingest.turns.get(SPREAD)!.map(({ actionsPerSecond }) => actionsPerSecond)
  const halfOfLimit = median(rates) / 2
  const decisions = await measureClusterDecisions(plan, halfOfLimit, cleanup, say)
  console.log(`${clusterDecisionsTable(decisions)}
`)
  console.log(`${clusterMovesTable(await measureClusterMoves(plan, halfOfLimit, cleanup, say))}
`)
  const stored = await measureStoredUsers(plan, cleanup, say)
  console.log(`${clusterStorageTable(stored, await measureReplays(plan, cleanup, say))}
`)
}
