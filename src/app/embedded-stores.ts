// The stores of one machine: three LMDB folders in the data folder.
import { join } from 'node:path'
import { LmdbActionLog } from '../adapters/lmdb/lmdb-action-log.ts'
import { LmdbSnapshotStore } from '../adapters/lmdb/lmdb-snapshot-store.ts'
import { LmdbStreamStore } from '../adapters/lmdb/lmdb-stream-store.ts'
import { LIMITS } from '../limits.ts'
import { storeIdentity } from '../model/store-identity.ts'
import { systemClock } from '../runtime/clock.ts'
import { DiskSpace } from '../runtime/disk-space.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Stores } from './stores.ts'

/**
 * Opens the embedded stores of a data folder. Errors: STORE_MISMATCH, DATA_DAMAGED, and those of the
 * file system.
 * @param logger gets a line when the disk has no room; give it to one thread only
 */
export async function openEmbeddedStores(dataPath: string, shards: number, logger?: Logger): Promise<Stores> {
  const identity = storeIdentity(shards)
  const disk = new DiskSpace(dataPath, LIMITS.diskBytesFreeMin, systemClock, logger)
  const opened: { close(): Promise<void> }[] = []
  const open = <Store extends { close(): Promise<void> }>(store: Store): Store => {
    opened.unshift(store)
    return store
  }
  const close = async () => {
    disk.stop()
    for (const store of opened) await store.close()
  }
  try {
    const log = open(new LmdbActionLog(join(dataPath, 'log'), identity))
    const snapshots = open(new LmdbSnapshotStore(join(dataPath, 'snapshots'), identity))
    const streams = open(new LmdbStreamStore(join(dataPath, 'streams'), identity))
    await disk.start()
    return { log, snapshots, streams, problem: () => disk.problem, close }
  } catch (error) {
    await close()
    throw error
  }
}
