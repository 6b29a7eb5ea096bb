// Copies a store on LMDB while an engine writes to it.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreIdentity } from '../../model/store-identity.ts'
import { openLmdb } from './lmdb-open.ts'

/**
 * Copies what was committed at one instant, without the pages that are free. Errors: those of LMDB
 * and of the file system.
 * @param from folder of the store @param to a folder that does not exist yet
 */
export async function copyStore(from: string, to: string): Promise<void> {
  const root = openLmdb(from, { readOnly: true })
  try {
    mkdirSync(to)
    await root.backup(to, true)
  } finally {
    await root.close()
  }
}

/** What the store was made for; undefined if the folder holds none. */
export async function identityOf(path: string): Promise<StoreIdentity | undefined> {
  if (!existsSync(join(path, 'data.mdb'))) return undefined
  const root = openLmdb(path, { readOnly: true })
  try {
    return root.openDB<StoreIdentity, string>({ name: 'identity', encoding: 'json' }).get('identity')
  } finally {
    await root.close()
  }
}
