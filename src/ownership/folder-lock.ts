// Locks a file, or a data folder by a file in it, for one process. The lock is the system's: it
// works between containers that share the folder, and ends with the process, however it ends.
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PulseprintError } from '../errors.ts'

/** The file that is locked. SQLite takes the lock in the way of each system. */
const LOCK_FILE = 'lock'
const SQLITE_BUSY = 5

/** Keeps every lock referenced, because collecting the object would release it. */
const held = new Set<DatabaseSync>()

export interface FileLock {
  release(): void
}

/**
 * Takes the folder, which must exist. Errors: DATA_FOLDER_IN_USE if another process holds it; those
 * of the file system.
 */
export function lockFolder(folder: string): FileLock {
  const lock = lockFile(join(realpathSync(folder), LOCK_FILE))
  if (lock) return lock
  throw new PulseprintError('DATA_FOLDER_IN_USE', `another process runs on the data folder ${folder}`)
}

/**
 * Takes a file that exists only for the lock, and creates it if it is missing. Undefined if another
 * process holds it.
 */
export function lockFile(path: string): FileLock | undefined {
  const database = new DatabaseSync(path)
  try {
    // Nothing is ever written to the file, so a full disk does not matter.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    return undefined
  }
  held.add(database)
  return {
    release() {
      held.delete(database)
      database.close()
    },
  }
}
