// A kill between the two steps of saving: the profiles are on disk, the offset that covers them is
// not yet.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LmdbSnapshotStore } from '../../src/adapters/lmdb/lmdb-snapshot-store.ts'
import { LIMITS } from '../../src/limits.ts'
import { HASH_VERSION } from '../../src/model/hash.ts'
import { differingTexts, profileTexts } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'

const IDENTITY = { format: 1, shards: 16, hashVersion: HASH_VERSION }
const USERS = ['u-0', 'u-1', 'u-2']
/**
 * Each user forgets the ids of the first actions: only the profile's own sequence can tell that
 * they were seen.
 */
const ACTIONS = USERS.length * LIMITS.rememberedIdsMax * 3
const FIRST_AT = Date.parse('2025-03-01T00:00:00Z')

const DEFINITION = `
version: 1
actions:
  view: { properties: { seconds: number } }
features:
  views: { aggregate: count, action: view }
  seconds: { aggregate: sum, action: view, of: properties.seconds }
`

test('profiles saved ahead of their offset take no action twice', async () => {
  const path = join(temporaryFolder(), 'definition.yaml')
  writeFileSync(path, DEFINITION)
  const engine = await EngineProcess.startForTest(path)
  const actions = Array.from({ length: ACTIONS }, (_, n) => ({
    id: `view-${n}`,
    userId: USERS[n % USERS.length],
    action: 'view',
    occurredAt: FIRST_AT + n * 1_000,
    properties: { seconds: n },
  }))
  await engine.json('/v1/actions', actions)
  const at = FIRST_AT + ACTIONS * 1_000
  const texts = await profileTexts(engine, USERS, at)
  await engine.stop()
  await takeOffsetsBack(join(engine.dataPath, 'snapshots'))
  engine.restart()
  await engine.ready()
  expect(differingTexts(await profileTexts(engine, USERS, at), texts)).toEqual([])
})

/** Makes every shard's offset that of an empty log, and leaves its profiles. */
async function takeOffsetsBack(path: string): Promise<void> {
  const snapshots = new LmdbSnapshotStore(path, IDENTITY)
  let saved = 0
  for (let shard = 0; shard < IDENTITY.shards; shard++) {
    const { epoch, offset } = await snapshots.checkpoint(shard)
    saved += offset
    await snapshots.commit(shard, { epoch, offset: 0, profiles: [] })
  }
  expect(saved, 'the engine had saved nothing').toBeGreaterThan(0)
  await snapshots.close()
}
