import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type NumberedRow, type Rows, UnusableRow } from '../../../src/cli/import/reading/read-rows.ts'
import { RowSorter, type SortOptions } from '../../../src/cli/import/reading/sort-rows.ts'
import { temporaryFolder } from '../../support/folders.ts'
import { seededRandom, testSeed } from '../../support/random.ts'

const SEED = testSeed('test/unit/cli/sort-rows.test.ts')

type OneRow = NumberedRow['row']

async function* batches(rows: readonly OneRow[], size = 7): Rows {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size)
}

function sorterOf(rows: readonly OneRow[], options: Partial<SortOptions> = {}) {
  const folder = join(temporaryFolder(), 'sort')
  const timeOf = (row: OneRow) => (row instanceof UnusableRow ? undefined : (row.at as number | undefined))
  return {
    folder,
    sorter: new RowSorter(batches(rows), { folder, timeOf, stopped: () => false, ...options }),
  }
}

async function all(sorter: RowSorter): Promise<NumberedRow[]> {
  const rows: NumberedRow[] = []
  for await (const batch of sorter.sorted()) rows.push(...batch)
  return rows
}

function randomRows(count: number): OneRow[] {
  const random = seededRandom(SEED)
  return Array.from({ length: count }, (_, index) => {
    if (random.below(50) === 0)
      return new UnusableRow({ skipped: 'repeated header' }, ['a', `line\n${index}`])
    const text = `${' \u2028"é'[random.below(5)] ?? ''}${index}`
    return random.below(20) === 0 ? { text } : { at: random.below(40) - 5, text }
  })
}

/** By time, rows without one last, and otherwise as they came. */
function expectedOf(rows: readonly OneRow[]): NumberedRow[] {
  const timeOf = ({ row }: NumberedRow) =>
    row instanceof UnusableRow ? Infinity : Number(row.at ?? Infinity)
  const numbered = rows.map((row, index) => ({ number: index + 1, row }))
  return numbered.toSorted((a, b) => (timeOf(a) === timeOf(b) ? 0 : timeOf(a) - timeOf(b)))
}

describe('sorted rows', () => {
  test.each([
    ['one piece', {}],
    ['many pieces in one merge', { pieceCharactersMax: 500 }],
    ['merges of merges', { pieceCharactersMax: 200, mergedFilesMax: 2 }],
  ])(
    'come by time, in the order of the input where times are equal, with their numbers: %s',
    async (_, options) => {
      const rows = randomRows(1_000)
      const { folder, sorter } = sorterOf(rows, options)
      expect(await all(sorter)).toEqual(expectedOf(rows))
      expect(sorter.rowsTotal).toBe(1_000)
      expect(existsSync(folder)).toBe(false)
    },
  )

  test('are none of an empty input', async () => {
    expect(await all(sorterOf([]).sorter)).toEqual([])
  })

  test('do not come when the sort is stopped, and leave no files', async () => {
    let asked = 0
    const { folder, sorter } = sorterOf(randomRows(1_000), {
      pieceCharactersMax: 200,
      stopped: () => ++asked > 50,
    })
    expect(await all(sorter)).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })

  test('leave no files when the input cannot be read on', async () => {
    async function* broken(): Rows {
      yield* batches(randomRows(100))
      throw new Error('the file is cut short')
    }
    const folder = join(temporaryFolder(), 'sort')
    const options = { folder, timeOf: () => 0, stopped: () => false, pieceCharactersMax: 200 }
    await expect(all(new RowSorter(broken(), options))).rejects.toThrow('cut short')
    expect(existsSync(folder)).toBe(false)
  })

  test('have another hash when a row or a time is another', async () => {
    const rows = randomRows(100)
    const hashOf = async (of: readonly OneRow[], options: Partial<SortOptions> = {}) => {
      const { sorter } = sorterOf(of, options)
      await all(sorter)
      return sorter.contentHash
    }
    const hash = await hashOf(rows)
    expect(await hashOf(rows, { pieceCharactersMax: 100 })).toBe(hash)
    expect(await hashOf(rows.slice(1))).not.toBe(hash)
    expect(await hashOf(rows, { timeOf: () => 1 })).not.toBe(hash)
  })
})
