// The row at which an import begins: the first, or the one after the mark of an earlier run if
// going on from there is safe.
import { isoOf } from '../../../model/instant.ts'
import { CliError } from '../../cli-error.ts'
import { emptyTally } from '../tally.ts'
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts'

/** What must be as it was for a mark to mean the same rows. */
export type ImportFacts = Pick<Checkpoint, 'identity' | 'url' | 'inputBytes' | 'mappingHash' | 'sorted'>

export interface StartOptions {
  /** Forget the earlier run. */
  restart: boolean
  /** Go on although something has changed. */
  resumeAnyway: boolean
}

/**
 * An hour under the definition's default idempotencyWindow: after it, the engine may have forgotten
 * the ids of rows that an interrupted run sent and never saw answered.
 */
export const DOUBT_MS_MAX = 23 * 3_600_000

/** Throws CliError where going on could count rows twice or mix two files up. */
export function startingPoint(
  path: string,
  facts: ImportFacts,
  { restart, resumeAnyway }: StartOptions,
  now: number,
): Checkpoint {
  const saved = restart ? undefined : loadCheckpoint(path)
  if (!saved || leftNothing(saved))
    return { version: 1, ...facts, ...BEGINNING, tally: emptyTally(), savedAt: isoOf(now) }
  if (saved.sorted !== facts.sorted) throw new CliError(otherOrder(saved, path))
  if (resumeAnyway) return { ...saved, ...facts, complete: saved.complete && same(saved, facts) }
  const reason = reasonAgainst(saved, facts, now)
  if (reason === undefined) return saved
  throw new CliError(
    `${reason}\nThe earlier run did ${saved.mark} rows (${path}).\n` +
      '  --resume-anyway  continues after them anyway\n' +
      '  --restart        starts at the first row: for an engine that has none of them\n' +
      '  --name NAME      starts another import: all its rows count again',
  )
}

const BEGINNING = { mark: 0, sentUpTo: 0, complete: false, rejectedBytes: 0, witness: null }

/** The earlier run came to its end and none of its rows is in the engine: to begin anew is safe. */
function leftNothing({ complete, tally }: Checkpoint): boolean {
  return complete && tally.accepted + tally.duplicate === 0
}

function same(saved: Checkpoint, facts: ImportFacts): boolean {
  return saved.inputBytes === facts.inputBytes && saved.mappingHash === facts.mappingHash
}

/** The mark means other rows then: no option can go on. */
function otherOrder({ sorted, mark }: Checkpoint, path: string): string {
  const earlier = sorted ? 'in the order of time (--sort)' : 'in the order of the file, without --sort'
  return (
    `The earlier run sent ${mark} rows ${earlier} (${path}).\n` +
    '  --restart    starts at the first row: for an engine that has none of them\n' +
    `  ${sorted ? 'with --sort ' : 'without --sort'}  continues after them`
  )
}

function reasonAgainst(saved: Checkpoint, facts: ImportFacts, now: number): string | undefined {
  if (saved.url !== facts.url) return `This import went to ${saved.url} before, and now to ${facts.url}.`
  if (saved.inputBytes !== facts.inputBytes) {
    return `The input had ${saved.inputBytes} bytes before and has ${facts.inputBytes} now.`
  }
  if (saved.mappingHash !== facts.mappingHash) return 'The mapping has changed since the earlier run.'
  const inDoubt = saved.sentUpTo > saved.mark
  if (inDoubt && now - Date.parse(saved.savedAt) > DOUBT_MS_MAX) {
    return (
      `The earlier run was cut off at ${saved.savedAt}. Up to ${saved.sentUpTo - saved.mark} rows after its last ` +
      'checkpoint may be in the engine, which remembers ids for its idempotencyWindow only (default 24 h): ' +
      'they could count twice.'
    )
  }
  return undefined
}
