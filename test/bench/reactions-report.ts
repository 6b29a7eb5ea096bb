// What lifecycle, rules and timers cost and how soon they are heard of, as tables with their aims.
import type { DecisionTimes } from './decisions.ts'
import type { LiveTimers } from './live-timers.ts'
import type { PendingTimers } from './pending-timers.ts'
import type { Latency, ProbeKind } from './probe.ts'
import { figure, median, spread, table } from './report.ts'
import type { RulePrice } from './rule-prices.ts'

const MEBIBYTE = 2 ** 20

/** How soon a decision is known. */
export function decisionsTable({ idle, atHalfLoad, loads }: DecisionTimes): string {
  const row = (name: string, kind: ProbeKind, key: keyof Latency, aim = '') => [
    name,
    ...[idle, atHalfLoad].map((rounds) => spread(rounds.map((round) => round[kind][key]))),
    aim,
  ]
  return table([
    [
      'Pulseprint, 200 single actions/s',
      'idle',
      `beside ${figure(median(loads))} actions/s`,
      'aim at half load',
    ],
    row('POST to its decision on SSE, p50, ms', 'decision', 'p50Ms', '≤ 3'),
    row('  p99, ms', 'decision', 'p99Ms', '≤ 10'),
    row('  longest, ms', 'decision', 'maxMs'),
    row('POST wait=applied, return=features,stage,decisions: p50, ms', 'returning', 'p50Ms'),
    row('  p99, ms', 'returning', 'p99Ms'),
    row('  longest, ms', 'returning', 'maxMs'),
  ])
}

/** What rules add to an action. */
export function rulePricesTable(prices: readonly RulePrice[]): string {
  const base = median(prices[0]!.cpuPerAction)
  const rows = prices.map(({ name, wallPerAction, cpuPerAction }, index) => [
    name,
    spread(wallPerAction),
    spread(cpuPerAction),
    index === 0 ? '' : figure(median(cpuPerAction) - base),
    name.includes('other') ? '0 more' : '',
  ])
  return table([
    ['Pulseprint, what actions set in motion', 'time, µs/action', 'CPU, µs/action', 'CPU more', 'aim'],
    ...rows,
  ])
}

/** What timers cost that wait, and that fire all at once. */
export function pendingTimersTable(timers: PendingTimers): string {
  const { users, empty, pending, meanwhile } = timers
  const fired = users / ((timers.firedMs - timers.readyMs) / 1_000)
  const row = (name: string, value: number, aim = '') => [name, figure(value), aim]
  return table([
    ['Pulseprint, one timer per user', `${users.toLocaleString('en')} timers`, 'aim'],
    row('bytes per timer in the index, pages in use', timers.bytesPerTimer),
    row('memory of an empty engine, MiB live', empty.liveBytes / MEBIBYTE),
    row('  MiB resident', empty.residentBytes / MEBIBYTE),
    row('memory with all pending, after a restart, MiB live', pending.liveBytes / MEBIBYTE),
    row('  MiB resident', pending.residentBytes / MEBIBYTE),
    row('CPU of an empty engine with nothing to do, ms/s', timers.emptyCpuMs),
    row('CPU with all pending and nothing to do, ms/s', timers.idleCpuMs),
    row('all overdue at a start: first answer after, ms', timers.readyMs),
    row('  timers fired per second', fired),
    row('  CPU, µs per timer', timers.cpuMicrosPerTimer),
    row('  the last one announced after, s', timers.firedMs / 1_000),
    row('  memory at most, MiB resident', timers.peakResidentBytes / MEBIBYTE),
    row('  meanwhile GET profile, p50, ms', meanwhile.read.p50Ms),
    row('    p99, ms', meanwhile.read.p99Ms),
    row('  meanwhile POST of one action, p50, ms', meanwhile.post.p50Ms),
    row('    p99, ms', meanwhile.post.p99Ms),
    row('  meanwhile refused with 429 or 503', meanwhile.refused),
  ])
}

/** How late timers are while there is other work. */
export function liveTimersTable({ users, silenceSeconds, lateness, loads }: LiveTimers): string {
  const row = (name: string, key: keyof LiveTimers['lateness'][number]) => [
    name,
    spread(lateness.map((round) => round[key])),
  ]
  return table([
    [
      `Pulseprint, silence of ${silenceSeconds} s, on SSE`,
      `${users.toLocaleString('en')} timers beside ${figure(median(loads))} actions/s`,
    ],
    row('late by, p50, ms', 'p50Ms'),
    row('  p99, ms', 'p99Ms'),
    row('  most, ms', 'maxMs'),
  ])
}
