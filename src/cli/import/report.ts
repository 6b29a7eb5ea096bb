// What people read at the end of an import.
import { amount, duration, shown } from './shown.ts'
import { type OddRows, type Tally, total } from './tally.ts'

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
  if (rejected > 0 && !importedNothing(tally)) lines.push(`Warning: rejected: ${amount(rejected, 'row')}.`)
  if (firstRejected) {
    const { row, code, message } = firstRejected
    lines.push(`The first, row ${shown(row)}: ${code} ${message}`)
  }
  if (tally.timesMoved > 0) {
    lines.push(
      `Warning: times in a gap: ${amount(tally.timesMoved, 'row')} with a local time that the clocks left out when ` +
        'they went forward; it was moved forward as they were.',
    )
  }
  return [...lines, ...orderWarnings(finished)].join('\n')
}

/** What the order and the pauses of the rows may have changed. */
function orderWarnings({ tally: { outOfOrder, paused, longestBreakMs }, resumedAfter }: Finished): string[] {
  const lines: string[] = []
  // A run that goes on has not seen the rows before it.
  const least = resumedAfter > 0 ? 'at least ' : ''
  const rowsOf = ({ rows, users }: OddRows) => `${least}${amount(rows, 'row')} of ${amount(users, 'user')}`
  if (outOfOrder.rows > 0) {
    const longest = duration(outOfOrder.longestMs)
    lines.push(
      `Warning: out of time order: ${rowsOf(outOfOrder)}, by up to ${longest} older than a row of the same user before.`,
      '  Stages and decisions may differ from those in time order. --sort sends the rows in time order,',
      '  to an engine that has none of them.',
    )
  }
  if (paused.rows > 0) {
    const longest = duration(paused.longestMs)
    lines.push(
      `Warning: late: ${rowsOf(paused)}, sent up to ${longest} after the user's row before: longer than the ` +
        "definition's historyWait.",
    )
  }
  if (longestBreakMs > 0) {
    lines.push(
      `Warning: the import paused for ${duration(longestBreakMs)}, longer than the definition's historyWait.`,
    )
  }
  if (paused.rows > 0 || longestBreakMs > 0) {
    lines.push(
      '  What fell due in the silence of these users may have been announced before their next rows came.',
      '  Set historyWait to more than the longest pause, and import into an engine that has none of the rows.',
    )
  }
  return lines
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
