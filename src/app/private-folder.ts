// A folder for what nobody else on the machine may read.
import { mkdirSync } from 'node:fs'

const OWNER_ONLY = 0o077

/**
 * Makes the folder if it is not there. From then on, this process makes its folders 0700 and its
 * files 0600. Errors: those of the file system.
 */
export function makePrivateFolder(path: string): void {
  process.umask(OWNER_ONLY)
  mkdirSync(path, { recursive: true })
}
