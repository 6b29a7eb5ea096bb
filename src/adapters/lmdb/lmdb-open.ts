// Opens a folder of LMDB. A file that was cut short would end the process with SIGBUS at the first
// page that is not there, so its length is looked at before anything is read.
import { statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb'
import { PulseprintError } from '../../errors.ts'

/**
 * The newest pages of a transaction may be counted and not written, when it gave them back itself.
 * No more than these are ever missing in a whole file.
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
