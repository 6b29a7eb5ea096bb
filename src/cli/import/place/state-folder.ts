// Where the places of imports are kept, and which of them belongs to a file. The folder belongs to
// the person, not to the working folder, so an import is found from anywhere.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { fileError } from '../../cli-error.ts'
import type { FileInput } from '../reading/input.ts'
import { loadCheckpoint, lockImport, type StatePaths, statePaths, unfinishedOf } from './checkpoint.ts'

/** Below the working folder: where imports were kept before they had one folder per person. */
export const FORMER_FOLDER = join('.pulseprint', 'imports')

export function defaultStateFolder(env: NodeJS.ProcessEnv = process.env): string {
  // The XDG Base Directory Specification says that a relative path is to be ignored.
  const given = env.XDG_STATE_HOME
  const base = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local', 'state')
  return join(base, 'pulseprint', 'imports')
}

/**
 * The name of the import of this file: that of an earlier import of the same file if one of the
 * folders knows one, also if the file has grown since. Throws CliError.
 */
export function identityOf({ name, head }: FileInput, folders: readonly string[]): string {
  const identity = `${name}-${hashOf(head)}`
  if (folders.some((folder) => existsSync(statePaths(folder, identity).checkpoint))) return identity
  for (const folder of folders) {
    const earlier = earlierIdentity(name, head, folder)
    if (earlier !== undefined) return earlier
  }
  return identity
}

/** Only a file that was shorter than its head can have grown within it. */
function earlierIdentity(name: string, head: Buffer, folder: string): string | undefined {
  for (const entry of listFolder(folder)) {
    if (!entry.startsWith(`${name}-`) || !entry.endsWith('.json')) continue
    const identity = entry.slice(0, -'.json'.length)
    const bytes = loadCheckpoint(join(folder, entry))?.inputBytes ?? head.length
    if (bytes < head.length && identity === `${name}-${hashOf(head.subarray(0, bytes))}`) return identity
  }
  return undefined
}

function hashOf(head: Buffer): string {
  return createHash('sha256').update(head).digest('hex').slice(0, 16)
}

function listFolder(folder: string): string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : []
  } catch (error) {
    throw fileError(folder, error)
  }
}

/** Brings an import that was begun in the former folder over. Throws CliError. */
export function adoptFormerPlace(identity: string, paths: StatePaths): void {
  const former = statePaths(FORMER_FOLDER, identity)
  const unfinished = unfinishedOf(former.checkpoint)
  if (!existsSync(former.checkpoint) && !existsSync(unfinished)) return
  const unlock = lockImport(former.lock)
  try {
    if (existsSync(paths.checkpoint)) return
    mkdirSync(dirname(paths.checkpoint), { recursive: true, mode: 0o700 })
    // The checkpoint last: with it, the import has moved. The folders may be on two disks.
    for (const name of ['rejected', 'checkpoint'] as const) {
      if (existsSync(former[name])) copyFileSync(former[name], paths[name])
    }
    for (const path of [former.checkpoint, former.rejected, unfinished]) rmSync(path, { force: true })
  } catch (error) {
    throw fileError(paths.checkpoint, error)
  } finally {
    unlock()
  }
}
