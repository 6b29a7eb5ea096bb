// The part of the benchmark that is about one node by itself, on embedded storage. Each table is
// printed at once: a failure later must not take it along.
import type { Cleanup } from './cleanup.ts'
import { measureDecisions } from './decisions.ts'
import { measureLiveTimers } from './live-timers.ts'
import { measurePendingTimers } from './pending-timers.ts'
import type { BenchPlan } from './plan.ts'
import { measurePopulations } from './populations.ts'
import { decisionsTable, liveTimersTable, pendingTimersTable, rulePricesTable } from './reactions-report.ts'
import { median, populationsTable, sidesTable } from './report.ts'
import { measureRulePrices } from './rule-prices.ts'
import { READ_CORES } from './run-load.ts'
import { compareSides, type Turns } from './side-by-side.ts'

/** The engine beside the other sides. */
export async function benchSides(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<Turns> {
  const turns = await compareSides(plan, cleanup, say)
  console.log(`${plan.rounds} rounds, sides in turn: ${plan.ingestSeconds} s of ingest over ${plan.ingestConnections} connections, ${plan.readSeconds} s of reads over ${plan.readConnections}; \
${plan.users.toLocaleString('en')} users; batches of 100 actions. Median (least–most). CPU per action includes saving.
Reads: ${READ_CORES ? `servers of one thread on core ${READ_CORES.server}, their load on core ${READ_CORES.load}, all else on any; after saving and ${plan.readWarmSeconds} s of warming` : 'not pinned to cores: ratios vary with the scheduler'}.
On a machine that does other work too, read nothing into the figures.

${sidesTable(turns)}
`)
  return turns
}

export async function benchSingle(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const turns = await benchSides(plan, cleanup, say)
  console.log(`${populationsTable(await measurePopulations(plan, cleanup, say))}
`)
  const halfOfLimit = median(turns.ours.map((turn) => turn.actionsPerSecond)) / 2
  console.log(`${decisionsTable(await measureDecisions(plan, halfOfLimit, cleanup, say))}
`)
  console.log(`${rulePricesTable(await measureRulePrices(plan, cleanup, say))}
`)
  console.log(`${pendingTimersTable(await measurePendingTimers(plan, cleanup, say))}
`)
  console.log(`${liveTimersTable(await measureLiveTimers(plan, halfOfLimit, cleanup, say))}
`)
}
