// The measurements as one table that can be read and pasted: medians, their spread, ratios and
// aims.
import type { Populations } from './populations.ts'
import type { Turn, Turns } from './side-by-side.ts'
import { SIDES } from './sides.ts'

const HEAD = [
  '',
  'Pulseprint',
  'with one thread',
  'Redis everysec',
  'Redis always',
  'bare Fastify',
  '÷ Redis everysec',
  '÷ bare',
  'one thread ÷ bare',
  'aim',
]

/** Ingest and reads, all sides. */
export function sidesTable(turns: Turns): string {
  return table([
    HEAD,
    sides('ingest, actions/s applied', turns, 'actionsPerSecond', '≥ 4× Redis'),
    sides('  batch p50, ms', turns, 'ingestP50Ms'),
    sides('  batch p99, ms', turns, 'ingestP99Ms'),
    sides('  CPU of the Node process, µs/action', turns, 'cpuPerAction'),
    sides('GET profile, requests/s', turns, 'readsPerSecond', '≥ 0.8× bare'),
    sides('  p50, ms', turns, 'readP50Ms'),
    sides('  p99, ms', turns, 'readP99Ms'),
    sides('  CPU of the Node process, µs/request', turns, 'cpuPerRead'),
  ])
}

/** What a user costs, by population. */
export function populationsTable({ costs, restartsMs }: Populations): string {
  const label = ({ users }: { users: number }) => `${users.toLocaleString('en')} users`
  const populationHead = ['Pulseprint, ten features', ...costs.map(label), 'aim']
  const population = (name: string, of: (cost: Populations['costs'][number]) => number, aim = '') => [
    name,
    ...costs.map((cost) => figure(of(cost))),
    aim,
  ]
  const populations = [
    population('time, µs/action', (cost) => cost.wallPerAction, 'flat'),
    population('CPU, µs/action', (cost) => cost.cpuPerAction, 'flat'),
    population('bytes per hot user, live', (cost) => cost.liveBytesPerUser, '≤ 2,560'),
    population('bytes per hot user, resident', (cost) => cost.residentBytesPerUser),
    population('bytes per stored user, pages in use', (cost) => cost.usedBytesPerUser, '≤ 400'),
    population('bytes per stored user, whole file', (cost) => cost.fileBytesPerUser),
    ['first answer after kill -9, ms', ...costs.slice(1).map(() => ''), spread(restartsMs), '≤ 3,000'],
  ]
  return table([populationHead, ...populations])
}

function sides(name: string, turns: Turns, key: keyof Turn, aim = ''): string[] {
  const values = (side: keyof Turns) => turns[side].map((turn) => turn[key])
  const over = (side: keyof Turns, ours: keyof Turns = 'ours') =>
    `${(median(values(ours)) / median(values(side))).toFixed(2)}×`
  const cells = SIDES.map((side) => spread(values(side)))
  return [name, ...cells, over('everysec'), over('bare'), over('bare', 'oneThread'), aim]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** `median (min–max)`. */
export function spread(values: readonly number[]): string {
  if (values.length === 1) return figure(values[0]!)
  return `${figure(median(values))} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`
}

export function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n')
}
