// The embedded adapters under the contracts of their ports, and what only they promise.
import { expect, test } from 'vitest'
import { LmdbActionLog } from '../../src/log/lmdb-action-log.ts'
import { LmdbSnapshotStore } from '../../src/snapshots/lmdb-snapshot-store.ts'
import { temporaryFolder } from '../support/folders.ts'
import { actionLogContract } from './action-log.contract.ts'
import { snapshotStoreContract } from './snapshot-store.contract.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }

actionLogContract('LMDB', temporaryFolder, async (place) => new LmdbActionLog(place, identity))
snapshotStoreContract('LMDB', temporaryFolder, async (place) => new LmdbSnapshotStore(place, identity))

test('a folder made with another number of shards is refused, and the message says which', async () => {
  const folder = temporaryFolder()
  await new LmdbActionLog(folder, identity).close()
  expect(() => new LmdbActionLog(folder, { ...identity, shards: 8 })).toThrow(/shards is 4, wanted 8/)
})
