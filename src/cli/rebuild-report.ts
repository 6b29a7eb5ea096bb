// What `pulseprint rebuild` shows: a line for each finding about a user, a table of the shards, and
// a summary.
import type { RebuildView } from '../views/views.ts'
import { table } from './table.ts'

const COLUMNS = ['users', 'equal', 'differing', 'missing', 'unlogged', 'passes'] as const

export function rebuildSample(shard: number, { userId, what }: RebuildView['samples'][number]): string {
  return `shard ${shard}, user ${userId}: ${what.join('; ')}`
}

/** @param problems of shards that were not rebuilt at all */
export function rebuildReport(views: readonly RebuildView[], problems: readonly string[]): string {
  const rows = views.map((view) => [
    view.shard,
    view.state,
    view.to,
    ...COLUMNS.map((column) => view[column]),
    seconds(view),
  ])
  const failures = views.flatMap(({ shard, problem }) => (problem ? [`shard ${shard}: ${problem}`] : []))
  const parts = [
    table(['shard', 'state', 'to', ...COLUMNS, 'seconds'], rows),
    ...failures,
    ...problems,
    summary(views),
  ]
  return parts.join('\n\n')
}

function seconds({ startedAt, endedAt }: RebuildView): number {
  return endedAt === undefined ? 0 : (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000
}

function summary(views: readonly RebuildView[]): string {
  const sum = (column: (typeof COLUMNS)[number]) => views.reduce((all, view) => all + view[column], 0)
  const repaired = sum('differing') + sum('missing')
  const unlogged = sum('unlogged')
  const equal = `${sum('equal')} of ${sum('users')} profiles are what the log gives`
  const parts = [equal]
  if (repaired > 0) parts.push(`${repaired} ${repaired === 1 ? 'was' : 'were'} not, now replaced`)
  if (unlogged > 0) parts.push(`${unlogged} more stored, of users that the log does not know`)
  return `${parts.join('; ')}.`
}
