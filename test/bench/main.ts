// `npm run bench`: the engine beside hand-written Fastify + Redis and bare Fastify, on this machine, as one table.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { ensureServer } from '../../deploy/servers.ts'
import { Cleanup } from './cleanup.ts'
import { measureDecisions } from './decisions.ts'
import { measureLiveTimers } from './live-timers.ts'
import { measurePendingTimers } from './pending-timers.ts'
import { planOf } from './plan.ts'
import { measurePopulations } from './populations.ts'
import { decisionsTable, liveTimersTable, pendingTimersTable, rulePricesTable } from './reactions-report.ts'
import { median, populationsTable, sidesTable } from './report.ts'
import { measureRulePrices } from './rule-prices.ts'
import { READ_CORES } from './run-load.ts'
import { compareSides } from './side-by-side.ts'

const plan = planOf(process.argv.slice(2))
if (!plan) {
  console.error('Usage: npm run bench [-- --quick | --smoke]')
  process.exit(2)
}

const cleanup = new Cleanup()
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    interrupted = true
    await cleanup.all()
    process.exit(130)
  })
}

const started = performance.now()
const seconds = () => Math.round((performance.now() - started) / 1_000)
const say = (text: string) => console.error(`[${seconds()} s] ${text}`)

try {
  const redis = execFileSync(await ensureServer('redis-server'), ['--version'], { encoding: 'utf8' })
  const machine = [
    `${availableParallelism()} cores ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Node ${process.version}`,
    `Redis ${/v=(\S+)/.exec(redis)?.[1]}, AOF on`,
    `load average at the start ${loadavg()[0]?.toFixed(2)}`,
  ]
  const turns = await compareSides(plan, cleanup, say)
  // At once: a failure later must not take these along.
  console.log(`${machine.join('; ')}.
${plan.rounds} rounds, sides in turn: ${plan.ingestSeconds} s of ingest over ${plan.ingestConnections} connections, ${plan.readSeconds} s of reads over ${plan.readConnections}; \
${plan.users.toLocaleString('en')} users; batches of 100 actions. Median (least–most). CPU per action includes saving.
Reads: ${READ_CORES ? `servers of one thread on core ${READ_CORES.server}, their load on core ${READ_CORES.load}, all else on any; after saving and ${plan.readWarmSeconds} s of warming` : 'not pinned to cores: ratios vary with the scheduler'}.
On a machine that does other work too, read nothing into the figures.

${sidesTable(turns)}
`)
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

The whole run took ${seconds()} s; load average at the end ${loadavg()[0]?.toFixed(2)}.`)
} catch (error) {
  // What was being measured has been ended under its own feet.
  if (!interrupted) throw error
} finally {
  await cleanup.all()
}
