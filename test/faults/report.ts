// What a run says in the end: which faults fired how often and how long shards were silent for
// them, what the clients did, and what was found.
import type { Fired } from './schedule.ts'

/** A table with two spaces between columns; numbers go to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function faultTable(fired: readonly Fired[]): string {
  const kinds = [...new Set(fired.map(({ kind }) => kind))].sort()
  const rows = kinds.map((kind) => {
    const own = fired.filter((one) => one.kind === kind).map(({ silence }) => silence.longestMs)
    own.sort((a, b) => a - b)
    const median = own[Math.floor((own.length - 1) / 2)]!
    return [kind, String(own.length), seconds(median), seconds(own.at(-1)!)]
  })
  const head = ['fault', 'fired', 'shard silent, median', 'longest']
  return table([head, ...rows, ['all', String(fired.length), '', '']])
}

export function countTable(counts: ReadonlyMap<string, number>): string {
  return table([...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => [what, String(count)]))
}

/** How late silences were announced, in words. */
export function latenessText(latenessMs: readonly number[]): string {
  if (latenessMs.length === 0) return 'no silence was announced'
  const sorted = [...latenessMs].sort((a, b) => a - b)
  const at = (share: number) => `${Math.round(sorted[Math.floor((sorted.length - 1) * share)]!)} ms`
  return `${sorted.length} silences announced: earliest ${at(0)} after their instant, p50 ${at(0.5)}, p99 ${at(0.99)}, last ${at(1)}`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
