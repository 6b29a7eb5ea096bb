// Text to rows: CSV (RFC 4180, with a header row) or NDJSON. Rows come in arrays, so that one turn
// of the event loop carries many. A bad row is handed on as such; a file that cannot be read on
// ends with a CliError.
import { type CsvError, parse } from 'csv-parse'
import { CliError } from '../../cli-error.ts'
import type { NotSent } from '../mapping/map-row.ts'
import type { Row } from '../mapping/row-expression.ts'
import { linesOf } from './lines.ts'

/** A row that no mapping can read: a header that comes again, or no record of the file's shape. */
export class UnusableRow {
  readonly outcome: NotSent
  readonly source: unknown

  constructor(outcome: NotSent, source: unknown) {
    this.outcome = outcome
    this.source = source
  }
}

function malformed(message: string, source: unknown): UnusableRow {
  return new UnusableRow({ rejected: 'MALFORMED_ROW', message }, source)
}

export type Rows = AsyncGenerator<(Row | UnusableRow)[]>

export interface NumberedRow {
  /** Place in the input, from 1. */
  number: number
  row: Row | UnusableRow
}
export type NumberedRows = AsyncGenerator<NumberedRow[]>

const ROWS_PER_TURN = 500
/** Characters of one record: beyond, a quote was left open or this is another kind of file. */
const RECORD_LENGTH_MAX = 1_000_000
const RESERVED = ['__proto__', 'constructor', 'prototype']

/** The rows with their numbers, in the order of the input. */
export async function* numbered(batches: Rows): NumberedRows {
  let number = 0
  for await (const rows of batches) yield rows.map((row) => ({ number: ++number, row }))
}

/** Rows that were read ahead, and then the others. */
export async function* followedBy(first: readonly NumberedRow[], rest: NumberedRows): NumberedRows {
  yield [...first]
  yield* rest
}

export interface CsvShape {
  delimiter: string
  /** Names of columns count without the blanks around them. */
  trim: boolean
  /** That the header must have. */
  columns: ReadonlySet<string>
}

/** Rows before a mistake are handed on before it is thrown. */
export async function* readCsv(texts: AsyncIterable<string>, shape: CsvShape, label: string): Rows {
  let header: string[] | undefined
  let rows: (Row | UnusableRow)[] = []
  const nameOf = (cell: string) => (shape.trim ? cell.trim() : cell)
  const feed = createParser(shape.delimiter, (record) => {
    if (!header) {
      header = checkHeader(record.map(nameOf), shape.columns, label)
    } else if (header.includes(nameOf(record[0]!)) && isHeaderAgain(record.map(nameOf), header)) {
      header = record.map(nameOf)
      rows.push(new UnusableRow({ skipped: 'repeated header' }, record))
    } else {
      rows.push(toRow(header, record))
    }
  })
  const take = () => {
    const taken = rows
    rows = []
    return taken
  }
  for await (const text of texts) {
    const failure = await feed(text)
    if (rows.length > 0) yield take()
    if (failure) throw csvError(label, failure)
  }
  const failure = await feed(undefined)
  if (rows.length > 0) yield take()
  if (failure) throw csvError(label, failure)
  if (!header) throw new CliError(`${label}: the file is empty; CSV needs a header row`)
}

/** The header of a further file that was appended; its columns may stand in another order. */
function isHeaderAgain(names: readonly string[], header: readonly string[]): boolean {
  return names.length === header.length && new Set([...header, ...names]).size === new Set(names).size
}

/**
 * Feeds the parser the next text, or the end, and gives the error it met, if any. Records come by
 * the callback.
 */
function createParser(delimiter: string, onRecord: (record: string[]) => void) {
  const parser = parse({
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: RECORD_LENGTH_MAX,
    on_record: (record: string[]) => {
      onRecord(record)
      return null
    },
  })
  return (text: string | undefined) =>
    new Promise<Error | undefined>((resolve) => {
      parser.once('error', resolve)
      const done = () => {
        parser.off('error', resolve)
        resolve(undefined)
      }
      if (text === undefined) parser.resume().once('end', done).end()
      else parser.write(text, (error) => error ?? done())
    })
}

function toRow(header: readonly string[], record: readonly string[]): Row | UnusableRow {
  if (record.length !== header.length) {
    return malformed(`has ${record.length} columns; the header has ${header.length}`, record)
  }
  const row: Row = {}
  for (let column = 0; column < header.length; column++) row[header[column]!] = record[column]
  return row
}

function checkHeader(header: string[], wanted: ReadonlySet<string>, label: string): string[] {
  const twice = header.find((name, index) => header.indexOf(name) !== index)
  if (twice !== undefined) throw new CliError(`${label}: the header has the column "${twice}" twice`)
  const reserved = header.find((name) => RESERVED.includes(name))
  if (reserved !== undefined) throw new CliError(`${label}: a column must not be called ${reserved}`)
  const missing = [...wanted].filter((name) => !header.includes(name))
  if (missing.length > 0) {
    throw new CliError(
      `${label}: the mapping names columns that the file does not have: ${missing.join(', ')}\n` +
        `The file has: ${header.join(', ').slice(0, 500)}`,
    )
  }
  return header
}

function csvError(label: string, error: unknown): unknown {
  const { code, message, lines } = error as CsvError & { lines?: number }
  if (typeof code !== 'string' || !code.startsWith('CSV_')) return error
  return new CliError(`${label}: this is not well-formed CSV near line ${lines ?? '?'}: ${message}`)
}

/** Lines that are blank do not count as rows. */
export async function* readNdjson(texts: AsyncIterable<string>, label: string): Rows {
  const checkOpen = ({ length }: string) => {
    if (length <= RECORD_LENGTH_MAX) return
    throw new CliError(`${label}: a line is longer than ${RECORD_LENGTH_MAX} characters; is this NDJSON?`)
  }
  for await (const lines of linesOf(texts, checkOpen)) {
    const rows = lines.flatMap(parseLine)
    for (let start = 0; start < rows.length; start += ROWS_PER_TURN) {
      yield rows.slice(start, start + ROWS_PER_TURN)
    }
  }
}

function parseLine(line: string): (Row | UnusableRow)[] {
  if (line.trim() === '') return []
  try {
    const row = JSON.parse(line)
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return [row]
    return [malformed('is not a JSON object', line)]
  } catch (error) {
    return [malformed((error as Error).message, line)]
  }
}
