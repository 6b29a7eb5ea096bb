import { describe, expect, test } from 'vitest'
import {
  type CsvShape,
  type Rows,
  readCsv,
  readNdjson,
  UnusableRow,
} from '../../../src/cli/import/reading/read-rows.ts'

async function* texts(...pieces: string[]): AsyncGenerator<string> {
  yield* pieces
}

async function all(rows: Rows): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const batch of rows) {
    for (const row of batch) found.push(row instanceof UnusableRow ? row.outcome : { ...row })
  }
  return found
}

function csv(text: string, shape: Partial<CsvShape> = {}): Promise<unknown[]> {
  return all(
    readCsv(texts(text), { delimiter: ',', trim: true, columns: new Set(['user']), ...shape }, 'a.csv'),
  )
}

const AGAIN = { skipped: 'repeated header' }

describe('CSV files one after the other', () => {
  test('have their further headers skipped, which count as rows', async () => {
    expect(await csv('user,at\na,1\nuser,at\nb,2\n')).toEqual([
      { user: 'a', at: '1' },
      AGAIN,
      { user: 'b', at: '2' },
    ])
  })

  test('may have their columns in another order', async () => {
    expect(await csv('user,at\na,1\n\ufeffat, user\n2,b\n')).toEqual([
      { user: 'a', at: '1' },
      AGAIN,
      { user: 'b', at: '2' },
    ])
  })

  test('keep rows that hold the name of a column', async () => {
    expect(await csv('user,at\nuser,1\nat,at\n')).toEqual([
      { user: 'user', at: '1' },
      { user: 'at', at: 'at' },
    ])
  })
})

test('names of columns count without blanks, unless they are to be kept', async () => {
  expect(await csv(' user ,at\na,1\n')).toEqual([{ user: 'a', at: '1' }])
  await expect(csv(' user ,at\na,1\n', { trim: false })).rejects.toThrow('does not have: user')
})

test('NDJSON lines are rows wherever the text is cut, blank ones aside', async () => {
  const pieces = texts('{"a":', '1}\n\n  \n{"a"', ':2}\n[1]\n{"a":3}')
  expect(await all(readNdjson(pieces, 'a.ndjson'))).toEqual([
    { a: 1 },
    { a: 2 },
    { rejected: 'MALFORMED_ROW', message: 'is not a JSON object' },
    { a: 3 },
  ])
})
