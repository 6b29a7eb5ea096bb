// The rows of an input in the order in which they are to be sent: that of the input, or that of
// their times.
import { createHash } from 'node:crypto'
import { type Input, readTexts } from './input.ts'
import {
  type CsvShape,
  type NumberedRow,
  type NumberedRows,
  numbered,
  readCsv,
  readNdjson,
} from './read-rows.ts'
import { RowSorter, type SortOptions } from './sort-rows.ts'

export interface OpenRows {
  rows: NumberedRows
  /**
   * Stands for the content, once the first rows are there: the first of them, or all if they are
   * sorted. Null if there are none.
   */
  contentHash(first: readonly NumberedRow[]): string | null
  /** Bytes of the input that were read or, if it is sorted, whose share was handed on. */
  bytesDone(rowsDone: number): number
}

export type RowFormat = { format: 'csv'; shape: CsvShape } | { format: 'ndjson' }

/** @param sort undefined for the order of the input */
export function openRows(input: Input, of: RowFormat, sort: SortOptions | undefined): OpenRows {
  let bytesRead = 0
  const texts = readTexts(input, (count) => {
    bytesRead += count
  })
  const rows = of.format === 'csv' ? readCsv(texts, of.shape, input.label) : readNdjson(texts, input.label)
  if (sort) {
    const sorter = new RowSorter(rows, sort)
    return {
      rows: sorter.sorted(),
      contentHash: () => sorter.contentHash ?? null,
      bytesDone: (done) => (sorter.rowsTotal > 0 ? Math.round((bytesRead * done) / sorter.rowsTotal) : 0),
    }
  }
  return {
    rows: numbered(rows),
    contentHash: ([first]) =>
      first ? createHash('sha256').update(JSON.stringify(first.row)).digest('hex') : null,
    bytesDone: () => bytesRead,
  }
}
