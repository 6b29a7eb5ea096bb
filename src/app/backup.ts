// Copies the stores of a data folder, even while an engine runs on it, and puts such a copy back. A
// copy is checked before it counts.
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { copyStore, identityOf } from '../adapters/lmdb/lmdb-copy.ts'
import { PulseprintError } from '../errors.ts'
import { lockFolder } from '../ownership/folder-lock.ts'
import { expectStoresFit } from '../snapshots/stores-fit.ts'
import { openEmbeddedStores } from './embedded-stores.ts'
import { makePrivateFolder } from './private-folder.ts'

/**
 * The order matters: each later store reaches at least as far as the earlier ones. Profiles are
 * saved only after their records are published, and records are published only after they are in
 * the log.
 */
const STORES = ['snapshots', 'streams', 'log'] as const
const NOTE = 'backup.json'
const FORMAT = 1

export interface BackupFacts {
  /** Epoch ms. */
  madeAt: number
  shards: number
  /** In the logs of all shards. */
  records: number
  /** Of all files. */
  bytes: number
}

/**
 * Copies the data folder. An engine may run on it meanwhile. Errors: STORAGE_UNAVAILABLE;
 * STORE_MISMATCH if the copied stores do not fit together.
 * @param target a folder that is empty or does not exist yet. It appears only when the copy is
 * whole
 */
export async function backUp(dataPath: string, target: string): Promise<BackupFacts> {
  if (!existsSync(join(dataPath, 'log', 'data.mdb'))) {
    throw new PulseprintError('STORAGE_UNAVAILABLE', `${resolve(dataPath)} is no data folder of an engine`)
  }
  expectNothingIn(target)
  const partial = `${resolve(target)}.partial`
  rmSync(partial, { recursive: true, force: true })
  makePrivateFolder(partial)
  try {
    const madeAt = Date.now()
    for (const store of STORES) await copyStore(join(dataPath, store), join(partial, store))
    const facts = { madeAt, ...(await check(partial)) }
    writeFileSync(join(partial, NOTE), `${JSON.stringify({ format: FORMAT, ...facts })}\n`)
    flush(partial)
    renameSync(partial, target)
    flush(dirname(resolve(target)))
    return facts
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw error
  }
}

/**
 * Puts a backup into a data folder that holds no data yet. Errors: STORAGE_UNAVAILABLE if the
 * folder holds data or the backup is not whole; STORE_MISMATCH if its stores do not fit together;
 * DATA_FOLDER_IN_USE.
 */
export async function restore(backup: string, dataPath: string): Promise<BackupFacts> {
  const { madeAt } = noteOf(backup)
  makePrivateFolder(dataPath)
  const lock = lockFolder(dataPath)
  try {
    const present = STORES.filter((store) => existsSync(join(dataPath, store)))
    if (present.length > 0) {
      throw new PulseprintError(
        'STORAGE_UNAVAILABLE',
        `${resolve(dataPath)} holds data already (${present.join(', ')}): move it away first`,
      )
    }
    // The log comes last, so that a folder without it is known to be cut short.
    for (const store of STORES) cpSync(join(backup, store), join(dataPath, store), { recursive: true })
    const facts = await check(dataPath)
    flush(dataPath)
    return { madeAt, ...facts }
  } finally {
    lock.release()
  }
}

function expectNothingIn(target: string): void {
  if (!existsSync(target) || (statSync(target).isDirectory() && readdirSync(target).length === 0)) return
  throw new PulseprintError('STORAGE_UNAVAILABLE', `${resolve(target)} exists already: name a new folder`)
}

function noteOf(backup: string): { madeAt: number } {
  const path = join(backup, NOTE)
  if (!existsSync(path)) {
    throw new PulseprintError(
      'STORAGE_UNAVAILABLE',
      `${resolve(backup)} is no whole backup: it has no ${NOTE}`,
    )
  }
  const { format, madeAt } = JSON.parse(readFileSync(path, 'utf8'))
  if (format === FORMAT) return { madeAt }
  throw new PulseprintError(
    'STORE_MISMATCH',
    `${path}: this version reads backups of format ${FORMAT}, not ${format}`,
  )
}

/** Opens the stores and compares how far each one reaches. */
async function check(folder: string): Promise<Omit<BackupFacts, 'madeAt'>> {
  const shards = (await identityOf(join(folder, 'log')))?.shards ?? 0
  const stores = await openEmbeddedStores(folder, shards)
  try {
    const { log, snapshots, streams } = stores
    let records = 0
    for (let shard = 0; shard < shards; shard++) {
      const [{ offset }, head, tail, published] = await Promise.all([
        snapshots.checkpoint(shard),
        log.head(shard),
        log.tail(shard),
        streams.published(shard),
      ])
      await expectStoresFit(stores, shard, { head, tail, offset, published })
      records += head + 1 - tail
    }
    return { shards, records, bytes: bytesOf(folder) }
  } finally {
    await stores.close()
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function bytesOf(folder: string): number {
  return filesOf(folder).reduce((bytes, path) => bytes + statSync(path).size, 0)
}

/** After this, the files survive a power cut. */
function flush(folder: string): void {
  for (const path of [...filesOf(folder), folder]) {
    const file = openSync(path, 'r')
    fsyncSync(file)
    closeSync(file)
  }
}
