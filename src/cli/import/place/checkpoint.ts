// The saved state of an import: how far every row is acknowledged and what became of them. One
// small file, replaced as a whole; a lock beside it keeps a second importer of the same rows out.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lockFile } from '../../../ownership/folder-lock.ts'
import { CliError, fileError } from '../../cli-error.ts'
import { emptyTally, type Tally } from '../tally.ts'

/** A position of the log that a run saw acknowledged. */
export interface Witness {
  shard: number
  sequence: number
}

export interface Checkpoint {
  version: 1
  /** Name of the import; ids of rows without one of their own are made of it. */
  identity: string
  url: string
  /** Size of the input in bytes; null if it is not known. */
  inputBytes: number | null
  /** SHA-256 of the mapping's text; null without one. */
  mappingHash: string | null
  /** The rows are sent in the order of their times, not of the input. */
  sorted: boolean
  /**
   * Hash of the first row, or of all rows if they are sorted; null if there was none, missing in
   * the checkpoints of earlier versions.
   */
  contentHash?: string | null
  /** Every row up to here, in the order of sending, is acknowledged and counted in `tally`. */
  mark: number
  /** No row after this one has ever been sent. */
  sentUpTo: number
  /** The whole input is done. */
  complete: boolean
  /** Bytes of the file of rejected rows that belong to rows up to the mark. */
  rejectedBytes: number
  tally: Tally
  /** That of some row; null before the first. */
  witness: Witness | null
  /** ISO 8601. */
  savedAt: string
}

export interface StatePaths {
  checkpoint: string
  rejected: string
  lock: string
  /** Folder for the files of a sort. */
  sort: string
}

export function statePaths(folder: string, identity: string): StatePaths {
  return {
    checkpoint: join(folder, `${identity}.json`),
    rejected: join(folder, `${identity}.rejected.ndjson`),
    lock: join(folder, `${identity}.lock`),
    sort: join(folder, `${identity}.sort`),
  }
}

/** Undefined if this import never began. Throws CliError. */
export function loadCheckpoint(path: string): Checkpoint | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileError(path, error)
  }
  try {
    const checkpoint = JSON.parse(text) as Checkpoint
    if (checkpoint.version === 1 && Number.isInteger(checkpoint.mark)) return completed(checkpoint)
  } catch {
    // Not JSON: told below.
  }
  throw new CliError(
    `${path} is not a checkpoint of this version. Use --restart to import from the first row.`,
  )
}

/** With what the checkpoints of earlier versions lack. */
function completed(checkpoint: Checkpoint): Checkpoint {
  return {
    ...checkpoint,
    sorted: checkpoint.sorted ?? false,
    tally: { ...emptyTally(), ...checkpoint.tally },
  }
}

/**
 * Replaces the file at once, so that a kill leaves the old or the new one. Not fsynced: after a
 * power cut an older checkpoint may come back, and the rows after it are sent again.
 */
export function saveCheckpoint(path: string, checkpoint: Checkpoint): void {
  try {
    writeFileSync(unfinishedOf(path), `${JSON.stringify(checkpoint, undefined, 1)}\n`)
    renameSync(unfinishedOf(path), path)
  } catch (error) {
    throw fileError(path, error)
  }
}

/** Where a checkpoint is written before it replaces the one before; a kill may leave it there. */
export function unfinishedOf(path: string): string {
  return `${path}.tmp`
}

/**
 * Takes the lock; the returned function gives it back. The system does so when the process ends,
 * however it ends. Throws CliError if another process has it.
 */
export function lockImport(path: string): () => void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    removeFormerLock(path)
    const lock = lockFile(path)
    if (!lock) throw new CliError(`Another process already runs this import (${path}).`)
    return () => lock.release()
  } catch (error) {
    throw error instanceof CliError ? error : fileError(path, error)
  }
}

/** Earlier versions wrote the number of their process into the file; now nothing is written. */
function removeFormerLock(path: string): void {
  if (existsSync(path) && statSync(path).size > 0) rmSync(path)
}
