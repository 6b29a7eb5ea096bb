// What people read at the end of an import.
import type { Tally } from './tally.ts'
import { total } from './tally.ts'

export interface Finished {
  complete: boolean
  /** Rows done over all runs, and in the runs before this one. */
  mark: number
  resumedAfter: number
  /** Rows sent in this run. */
  sent: number
  tally: Tally
  seconds: number
  peakBytes: number
  rejectedPath: string
}

export function report(finished: Finished): string {
  const { tally, mark, resumedAfter, sent, seconds, peakBytes, rejectedPath } = finished
  const rejected = total(tally.rejected)
  const here = mark - resumedAfter
  const lines = [
    `${finished.complete ? 'Done' : 'Stopped; the same command goes on from here'}.`,
    entry('rows read', mark, resumedAfter > 0 ? `${shown(here)} in this run` : ''),
    entry(
      'accepted',
      tally.accepted,
      tally.repeated > 0 ? `${shown(tally.repeated)} sent twice, counted once` : '',
    ),
    entry('duplicates', tally.duplicate, tally.duplicate > 0 ? 'the engine had their ids already' : ''),
    entry('skipped', total(tally.skipped)),
    ...reasons(tally.skipped),
    entry('rejected', rejected, rejected > 0 ? `see ${rejectedPath}` : ''),
    ...reasons(tally.rejected),
    entry('sent', sent, resumedAfter > 0 ? 'in this run' : ''),
    `  rate        ${shown(Math.round(here / Math.max(seconds, 0.001)))} rows/s over ${seconds.toFixed(1)} s`,
    `  peak memory ${Math.round(peakBytes / 2 ** 20)} MiB`,
  ]
  if (rejected > 0) lines.push(`Warning: ${shown(rejected)} rows were rejected.`)
  return lines.join('\n')
}

function entry(name: string, value: number, note = ''): string {
  return `  ${name.padEnd(11)} ${shown(value)}${note === '' ? '' : ` (${note})`}`
}

function reasons(counts: Record<string, number>): string[] {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a)
  return sorted.map(([reason, rows]) => `    ${reason}: ${shown(rows)}`)
}

export function shown(value: number): string {
  return value.toLocaleString('en-US')
}
