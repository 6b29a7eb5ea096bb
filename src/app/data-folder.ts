// The data folder of one machine: locked for this process, opened, and brought in line with the
// definition.
import { resolve } from 'node:path'
import type { Definition } from '../definition/definition.ts'
import { PulseprintError } from '../errors.ts'
import { type FileLock, lockFolder } from '../ownership/folder-lock.ts'
import type { Logger } from '../runtime/logger.ts'
import { rebuildIfRedefined } from '../snapshots/rebuild.ts'
import { openEmbeddedStores } from './embedded-stores.ts'
import { makePrivateFolder } from './private-folder.ts'
import type { Stores } from './stores.ts'

export interface DataFolder {
  stores: Stores
  close(): Promise<void>
}

/** Locks and opens the data folder; if the definition has changed, the rebuild begins here. */
export async function openDataFolder(
  path: string,
  shards: number,
  definition: Definition,
  logger: Logger,
): Promise<DataFolder> {
  let lock: FileLock | undefined
  let stores: Stores | undefined
  const close = async () => {
    await stores?.close()
    lock?.release()
  }
  try {
    makePrivateFolder(path)
    lock = lockFolder(path)
    stores = await openEmbeddedStores(path, shards, logger)
    await rebuildIfRedefined(definition, shards, stores, logger)
    return { stores, close }
  } catch (error) {
    await close()
    if (error instanceof PulseprintError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new PulseprintError(
      'STORAGE_UNAVAILABLE',
      `the data folder ${resolve(path)} cannot be used: ${reason}`,
    )
  }
}
