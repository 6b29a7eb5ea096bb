// The day as a table: how much of it each engine carries on this machine, and what gave way first.
import type { Version } from '../against/checkout.ts'
import type { Cleanup } from '../cleanup.ts'
import type { Kept } from '../cluster-under-test.ts'
import type { BenchPlan } from '../plan.ts'
import { spread, table } from '../report.ts'
import { BATCH_ACTIONS } from '../segment-batch.ts'
import { BOUNDS, DAY, type DayRow, type DayStep, measureDay } from './day.ts'

export async function benchDay(
  versions: readonly Version[],
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<void> {
  const rows = await measureDay(versions, plan, cleanup, say)
  console.log(`${introduction(plan)}

${table([HEAD, ...rows.map(rowOf)])}
`)
}

const HEAD = [
  'writes and reads at once',
  'largest share, %',
  'actions/s',
  'reads/s',
  'read mean, ms',
  'read p99, ms',
  'batch p50, ms',
  'batch p99, ms',
  'load late p99, ms',
  'cores of the engine',
  'NATS messages per batch',
  'NATS bytes per action',
  'what gave way next',
]

function rowOf({ name, turns }: DayRow): string[] {
  const held = turns.flatMap((turn) => turn.held ?? [])
  const cell = (of: (step: DayStep) => number) => (held.length === 0 ? 'none' : spread(held.map(of)))
  const { failed } = turns.at(-1)!
  return [
    name,
    spread(turns.map((turn) => 100 * (turn.held?.share ?? 0))),
    cell(({ share }) => share * DAY.actionsPerSecond),
    cell(({ share }) => share * DAY.readsPerSecond),
    cell(({ reads }) => reads.meanMs),
    cell(({ reads }) => reads.p99Ms),
    cell(({ batches }) => batches.p50Ms),
    cell(({ batches }) => batches.p99Ms),
    cell(({ lateP99Ms }) => lateP99Ms),
    cell(({ cores }) => cores),
    kept(held, ({ messages }) => messages),
    kept(held, ({ bytes }) => bytes / BATCH_ACTIONS),
    failed ? `at ${Math.round(100 * failed.share)} %: ${failed.problem}` : 'nothing',
  ]
}

function kept(steps: readonly DayStep[], of: (kept: Kept) => number): string {
  const figures = steps.flatMap(({ keptPerBatch }) => (keptPerBatch ? of(keptPerBatch) : []))
  return figures.length === 0 ? '–' : spread(figures)
}

function introduction({ day: { users, seconds } }: BenchPlan): string {
  return `An average day of one published system, ${DAY.actionsPerSecond.toLocaleString('en')} actions/s in batches of 100 and ${DAY.readsPerSecond.toLocaleString('en')} profile reads/s at once: the largest share at which \
reads take at most ${BOUNDS.readMean} ms (mean) and ${BOUNDS.readP99} ms (p99), and batches until they are acknowledged at most ${BOUNDS.batchP99} ms (p99).
Each share for ${seconds} s, drawn from ${users.toLocaleString('en')} users. Requests are due at times fixed in advance, and their time counts from then. The load runs on the same machine; how late it is by its own fault is counted too.`
}
