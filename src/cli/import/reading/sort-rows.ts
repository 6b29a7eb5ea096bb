// Rows in the order of their times, for inputs larger than memory: pieces that fit are sorted and
// written to files, and the files are merged. Rows of one time keep the order of the input.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileError } from '../../cli-error.ts'
import { linesOf } from './lines.ts'
import { type NumberedRow, type NumberedRows, type Rows, UnusableRow } from './read-rows.ts'

export interface SortOptions {
  /** For the files of the sort; made anew, and gone afterwards. */
  folder: string
  /** Epoch milliseconds; rows without a time come last. */
  timeOf(row: NumberedRow['row']): number | undefined
  /** Ends the sort early: no rows come then. */
  stopped(): boolean
  pieceCharactersMax?: number
  mergedFilesMax?: number
}

/** A row in a file of the sort. */
interface Line {
  at: number
  number: number
  json: string
}

const PIECE_CHARACTERS_MAX = 16 * 1024 * 1024
const MERGED_FILES_MAX = 64
const ROWS_PER_TURN = 500

export class RowSorter {
  readonly #rows: Rows
  readonly #options: Required<SortOptions>
  readonly #hash = createHash('sha256')
  #files: string[] = []
  #filesMade = 0
  /** Rows of the input; 0 until all are sorted. */
  rowsTotal = 0
  /** Stands for all rows and their times; undefined until all are sorted. */
  contentHash: string | undefined

  constructor(rows: Rows, options: SortOptions) {
    this.#rows = rows
    this.#options = {
      pieceCharactersMax: PIECE_CHARACTERS_MAX,
      mergedFilesMax: MERGED_FILES_MAX,
      ...options,
    }
  }

  /** Throws CliError. */
  async *sorted(): NumberedRows {
    const { folder, mergedFilesMax, stopped } = this.#options
    try {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const total = await this.#writePieces()
      while (this.#files.length > mergedFilesMax && !stopped()) {
        const group = this.#files.splice(0, mergedFilesMax)
        await this.#write(textsOf(merged(group)))
        for (const path of group) rmSync(path)
      }
      if (stopped()) return
      this.rowsTotal = total
      this.contentHash = this.#hash.digest('hex')
      for await (const lines of merged(this.#files)) yield lines.map(rowOf)
    } catch (error) {
      throw typeof (error as NodeJS.ErrnoException).syscall === 'string' ? fileError(folder, error) : error
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  async #writePieces(): Promise<number> {
    let piece: Line[] = []
    let characters = 0
    let number = 0
    const writePiece = async () => {
      const lines = piece.sort(byTime)
      piece = []
      characters = 0
      if (lines.length > 0) await this.#write([textOf(lines)])
    }
    for await (const rows of this.#rows) {
      if (this.#options.stopped()) return number
      for (const row of rows) {
        const line = { at: this.#options.timeOf(row) ?? Infinity, number: ++number, json: jsonOf(row) }
        this.#hash.update(`${line.at} ${line.json}\n`)
        piece.push(line)
        characters += line.json.length
      }
      if (characters >= this.#options.pieceCharactersMax) await writePiece()
    }
    await writePiece()
    return number
  }

  async #write(texts: Iterable<string> | AsyncIterable<string>): Promise<void> {
    const path = join(this.#options.folder, String(++this.#filesMade))
    await pipeline(Readable.from(texts), createWriteStream(path, { mode: 0o600 }))
    this.#files.push(path)
  }
}

function byTime(a: Line, b: Line): number {
  return a.at === b.at ? a.number - b.number : a.at < b.at ? -1 : 1
}

/** The lines of sorted files in one order, a turn's worth at a time. */
async function* merged(paths: readonly string[]): AsyncGenerator<Line[]> {
  const cursors = await Promise.all(paths.map((path) => Cursor.open(path)))
  let turn: Line[] = []
  for (;;) {
    let next: Cursor | undefined
    for (const cursor of cursors) {
      if (cursor.line && (!next?.line || byTime(cursor.line, next.line) < 0)) next = cursor
    }
    if (!next?.line) break
    turn.push(next.line)
    await next.advance()
    if (turn.length < ROWS_PER_TURN) continue
    yield turn
    turn = []
  }
  if (turn.length > 0) yield turn
}

/** A place in one sorted file. */
class Cursor {
  readonly #pages: AsyncGenerator<string[]>
  #page: string[] = []
  #index = 0
  /** The line it stands at; undefined at the end. */
  line: Line | undefined

  private constructor(path: string) {
    this.#pages = linesOf(createReadStream(path, { encoding: 'utf8' }))
  }

  static async open(path: string): Promise<Cursor> {
    const cursor = new Cursor(path)
    await cursor.advance()
    return cursor
  }

  async advance(): Promise<void> {
    while (this.#index === this.#page.length) {
      const { done, value } = await this.#pages.next()
      if (done) {
        this.line = undefined
        return
      }
      this.#page = value
      this.#index = 0
    }
    this.line = parseLine(this.#page[this.#index++]!)
  }
}

async function* textsOf(turns: AsyncIterable<Line[]>): AsyncGenerator<string> {
  for await (const lines of turns) yield textOf(lines)
}

function textOf(lines: readonly Line[]): string {
  return lines.map(({ at, number, json }) => `${at} ${number} ${json}\n`).join('')
}

function parseLine(text: string): Line {
  const first = text.indexOf(' ')
  const second = text.indexOf(' ', first + 1)
  return {
    at: Number(text.slice(0, first)),
    number: Number(text.slice(first + 1, second)),
    json: text.slice(second + 1),
  }
}

/** An array stands for a row that is unusable; other rows are objects. */
function jsonOf(row: NumberedRow['row']): string {
  return JSON.stringify(row instanceof UnusableRow ? [row.outcome, row.source] : row)
}

function rowOf({ number, json }: Line): NumberedRow {
  const row = JSON.parse(json)
  return { number, row: Array.isArray(row) ? new UnusableRow(row[0], row[1]) : row }
}
