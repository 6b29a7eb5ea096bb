// `pulseprint import FILE`: rows of a file become actions of a running engine, each exactly once.
import { createHash } from 'node:crypto'
import { Command } from 'commander'
import { durationMs } from '../../model/duration.ts'
import { parseInstant } from '../../model/instant.ts'
import { CliError, EXIT } from '../cli-error.ts'
import { EngineClient, type EngineOptions } from '../engine-client.ts'
import { type ImportPlan, ImportRun } from '../import/import-run.ts'
import { createRowMapper, type Mapped, userOf } from '../import/mapping/map-row.ts'
import { type Mapping, parseMapping } from '../import/mapping/mapping.ts'
import type { Row } from '../import/mapping/row-expression.ts'
import { statePaths } from '../import/place/checkpoint.ts'
import type { ImportFacts } from '../import/place/starting-point.ts'
import {
  adoptFormerPlace,
  defaultStateFolder,
  FORMER_FOLDER,
  identityOf,
} from '../import/place/state-folder.ts'
import { showProgress } from '../import/progress.ts'
import { type FileInput, type Input, openFile, STANDARD_INPUT } from '../import/reading/input.ts'
import { openRows, type RowFormat } from '../import/reading/open-rows.ts'
import { UnusableRow } from '../import/reading/read-rows.ts'
import type { SortOptions } from '../import/reading/sort-rows.ts'
import { importedNothing, report } from '../import/report.ts'
import { total } from '../import/tally.ts'
import { listProblems, readText } from './check.ts'
import { withEngineOptions } from './engine-options.ts'
import { IMPORT_HELP } from './import-help.ts'

interface ImportOptions extends EngineOptions {
  map?: string
  format?: 'csv' | 'ndjson'
  name?: string
  state?: string
  retryFor: string
  restart?: boolean
  resumeAnyway?: boolean
  strict?: boolean
  sort?: boolean
}

export function importCommand(): Command {
  return withEngineOptions(new Command('import'))
    .description('Import a file of past actions into a running engine, each row exactly once.')
    .argument('<file>', 'CSV or NDJSON, also gzipped; - for standard input')
    .option('--map <mapping>', 'YAML file that says how rows become actions')
    .option('--format <format>', 'csv or ndjson (default: by the name of the file)')
    .option('--name <name>', 'name of this import (default: from the name and beginning of the file)')
    .option(
      '--state <folder>',
      'where checkpoints and rejected rows are kept (default: ~/.local/state/pulseprint/imports)',
    )
    .option('--retry-for <duration>', 'how long to wait for an engine that is gone, at most 30m', '5m')
    .option('--restart', 'begin at the first row, for an engine that has none of them')
    .option(
      '--resume-anyway',
      'go on although the file, mapping or address has changed, or the engine has rows of it',
    )
    .option('--sort', 'send the rows in the order of their times; rows of one time in the order of the file')
    .option('--strict', 'exit with 1 if any row was rejected')
    .addHelpText('after', IMPORT_HELP)
    .action(importFile)
}

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const input = file === '-' ? STANDARD_INPUT : openFile(file)
  const { state = defaultStateFolder() } = options
  const identity = nameOf(input, options, state)
  const source = options.map === undefined ? undefined : readText(options.map)
  const mapping = source === undefined ? undefined : compileMapping(options.map!, source)
  const format = rowFormat(file, options.format, mapping)
  const { label, bytesTotal } = input
  const facts = factsOf(identity, new EngineClient(options).url, bytesTotal, source, options.sort === true)
  const paths = statePaths(state, identity)
  if (options.state === undefined) adoptFormerPlace(identity, paths)
  const map = mapperOf(mapping)
  let stopping = false
  const sort = options.sort ? { folder: paths.sort, timeOf: timeBy(map), stopped: () => stopping } : undefined
  const { rows, contentHash, bytesDone } = openRows(input, format, sort)
  const run = new ImportRun({
    facts,
    paths,
    start: { restart: options.restart === true, resumeAnyway: options.resumeAnyway === true },
    client: new EngineClient(options),
    rows,
    contentHash,
    map,
    retryForMs: retryForMs(options.retryFor),
    onRetry: (reason) => noteOnce(reason),
    onNote: (text) => progress.note(text),
  })
  const progress = showProgress(() => ({ rows: run.mark, bytesRead: bytesDone(run.mark), bytesTotal }))
  if (sort) progress.note('Sorting the rows by their times.')
  let noted = ''
  function noteOnce(reason: string): void {
    if (reason !== noted) progress.note(`${reason} Trying again for up to ${options.retryFor}.`)
    noted = reason
  }
  const startMs = performance.now()
  const unlisten = stopOnSignal(() => {
    progress.note('Stopping after the rows under way. Press Ctrl-C again to stop at once.')
    stopping = true
    run.stop()
  })
  let complete: boolean
  try {
    complete = await run.run()
  } finally {
    progress.stop()
    unlisten()
  }
  const { mark, resumedAfter, sent, tally, firstRejected } = run
  const seconds = (performance.now() - startMs) / 1_000
  const peakBytes = process.resourceUsage().maxRSS * 1_024
  if (run.alreadyComplete)
    console.log(`${label} was imported before; nothing was sent. (Its place is in ${paths.checkpoint}.)`)
  const rejectedPath = paths.rejected
  console.log(
    report({ complete, mark, resumedAfter, sent, tally, seconds, peakBytes, rejectedPath, firstRejected }),
  )
  const failed = importedNothing(tally) || (options.strict && total(tally.rejected) > 0)
  if (!complete || failed) process.exitCode = EXIT.failed
}

function mapperOf(mapping: Mapping | undefined): ImportPlan['map'] {
  const map = mapping ? createRowMapper(mapping) : actionAsItIs
  return (row) => (row instanceof UnusableRow ? row.outcome : map(row))
}

/** Rows that are not sent have no time. */
function timeBy(map: ImportPlan['map']): SortOptions['timeOf'] {
  return (row) => {
    const mapped = map(row)
    return 'action' in mapped ? parseInstant(mapped.action.occurredAt) : undefined
  }
}

/**
 * Lines of NDJSON without a mapping are actions already; what is wrong with them the engine says.
 */
function actionAsItIs(row: Row): Mapped {
  const action = { ...row }
  return { action, user: userOf(action) ?? '' }
}

function rowFormat(file: string, given: string | undefined, mapping: Mapping | undefined): RowFormat {
  const format = formatOf(file, given)
  if (format === 'ndjson') return { format }
  if (!mapping) throw new CliError('A CSV import needs --map MAPPING.yaml.', EXIT.usage)
  const delimiter = mapping.delimiter ?? (extensionOf(file) === 'tsv' ? '\t' : ',')
  return { format, shape: { delimiter, trim: mapping.trim, columns: mapping.columns } }
}

function compileMapping(path: string, source: string): Mapping {
  const parsed = parseMapping(source)
  if ('problems' in parsed) throw new CliError(listProblems(path, parsed.problems))
  return parsed.mapping
}

/** The name of the import. It becomes part of file names and of action ids. */
function nameOf(input: Input | FileInput, { name, state }: ImportOptions, folder: string): string {
  if (name !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) {
    throw new CliError('--name takes up to 100 letters, digits, `.`, `_` and `-`.', EXIT.usage)
  }
  if (name !== undefined) return name
  if ('head' in input) return identityOf(input, state === undefined ? [folder, FORMER_FOLDER] : [folder])
  throw new CliError('Standard input needs --name NAME, so that a second run can go on.', EXIT.usage)
}

function formatOf(file: string, given: string | undefined): 'csv' | 'ndjson' {
  if (given === 'csv' || given === 'ndjson') return given
  const extension = extensionOf(file)
  if (given === undefined && (extension === 'csv' || extension === 'tsv')) return 'csv'
  if (given === undefined && (extension === 'ndjson' || extension === 'jsonl')) return 'ndjson'
  throw new CliError('Say what the input is: --format csv or --format ndjson.', EXIT.usage)
}

function extensionOf(file: string): string | undefined {
  return /\.([a-z]+)(\.gz)?$/i.exec(file)?.[1]?.toLowerCase()
}

function factsOf(
  identity: string,
  url: string,
  bytes: number | undefined,
  mapping: string | undefined,
  sorted: boolean,
): ImportFacts {
  const mappingHash = mapping === undefined ? null : createHash('sha256').update(mapping).digest('hex')
  return { identity, url, inputBytes: bytes ?? null, mappingHash, sorted }
}

/** Longer waits would come near the time that the engine remembers ids, see starting-point.ts. */
const RETRY_FOR_MS_MAX = 30 * 60_000

function retryForMs(text: string): number {
  const ms = durationMs(text)
  if (ms !== undefined && ms <= RETRY_FOR_MS_MAX) return ms
  throw new CliError('--retry-for takes a duration up to 30m, for example 90s or 5m.', EXIT.usage)
}

/** The first signal is handled, the second ends the process. Returns how to stop listening. */
function stopOnSignal(stop: () => void): () => void {
  const unlisten = () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  function onSignal(): void {
    unlisten()
    stop()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return unlisten
}
