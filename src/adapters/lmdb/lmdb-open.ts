// Opens a folder of LMDB. If a file was cut short, reading a missing page would end the process with
// SIGBUS. So the length of the file is checked before anything is read.
import { statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb'
import { PulseprintError } from '../../errors.ts'

/**
 * A transaction may count its newest pages and not write them, if it gave them back itself. So a
 * whole file may lack this many pages, and no more.
 */
const UNWRITTEN_BYTES_MAX = 1024 * 1024

/** Errors: DATA_DAMAGED if the file was cut short; those of LMDB. */
export function openLmdb(path: string, options: RootDatabaseOptionsWithPath): RootDatabase {
  const root = open({ ...options, path, noSubdir: false })
  const { lastPageNumber, pageSize } = root.getStats() as { lastPageNumber: number; pageSize: number }
  const file = join(path, 'data.mdb')
  const expected = (lastPageNumber + 1) * pageSize
  const { size } = statSync(file)
  if (size >= expected) return root
  if (expected - size > UNWRITTEN_BYTES_MAX) {
    void root.close()
    throw new PulseprintError(
      'DATA_DAMAGED',
      `${file} has ${size} bytes of ${expected}: it was cut short. Put the data back from a backup`,
    )
  }
  truncateSync(file, expected)
  return root
}
