// Holds a data folder for one process, by a lock on a file within it. The lock is the system's: it
// holds between containers that share the folder, and goes when the process ends, however it ends.
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PulseprintError } from '../errors.ts'

/** The file that is locked; SQLite takes the lock in the way of each system. */
const LOCK_FILE = 'lock'
const SQLITE_BUSY = 5

export interface FolderLock {
  release(): void
}

/**
 * Takes the folder, which must exist. Errors: DATA_FOLDER_IN_USE if another process holds it; those
 * of the file system.
 */
export function lockFolder(folder: string): FolderLock {
  const database = new DatabaseSync(join(realpathSync(folder), LOCK_FILE))
  try {
    // Nothing is ever written to the file, so that a full disk does not matter.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new PulseprintError('DATA_FOLDER_IN_USE', `another process runs on the data folder ${folder}`)
  }
  return { release: () => database.close() }
}
