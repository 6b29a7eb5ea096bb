// What people read at the end of an import.
import type { Tally } from './tally.ts'
import { total } from './tally.ts'

export interface RejectedRow {
  row: number
  code: string
  message: string
}

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
  /** The first of this run; undefined if it rejected none. */
  firstRejected: RejectedRow | undefined
}

/** Rows were rejected, and none reached the engine. */
export function importedNothing({ accepted, duplicate, rejected }: Tally): boolean {
  return accepted + duplicate === 0 && total(rejected) > 0
}

export function report(finished: Finished): string {
  const { tally, mark, resumedAfter, sent, seconds, peakBytes, rejectedPath, firstRejected } = finished
  const rejected = total(tally.rejected)
  const here = mark - resumedAfter
  const lines = [
    headline(finished),
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
  if (rejected > 0 && !importedNothing(tally)) lines.push(`Warning: ${shown(rejected)} rows were rejected.`)
  if (firstRejected) {
    const { row, code, message } = firstRejected
    lines.push(`The first, row ${shown(row)}: ${code} ${message}`)
  }
  return lines.join('\n')
}

function headline({ complete, tally }: Finished): string {
  if (!complete) return 'Stopped; the same command goes on from here.'
  if (!importedNothing(tally)) return 'Done.'
  const which = total(tally.skipped) > 0 ? 'every row that was not skipped' : 'every row'
  return `Failed: ${which} was rejected. Correct the mapping or the file, and run the same command again.`
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
