// What a rebuild is held against: the log of a stopped engine folded by brute force, and the
// profiles that are stored. Also the damage that a test does to them.

import { join } from 'node:path'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbSnapshotStore } from '../../src/adapters/lmdb/lmdb-snapshot-store.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Engine } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import { decodeActions, decodeHeader, decodeTick } from '../../src/ingest/records.ts'
import { HASH_VERSION, shardOf } from '../../src/model/hash.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'
import { encodeProfile } from '../../src/profile/profile-codec.ts'
import { REBUILD, START_REBUILD } from '../../src/questions/rebuild.ts'
import type { StoredProfile } from '../../src/snapshots/snapshot-store.ts'
import type { RebuildView } from '../../src/views/views.ts'
import { until } from './until.ts'

const NEVER = Number.POSITIVE_INFINITY

/** Rebuilds a shard, once it has replayed its log, and waits for the end of it. */
export async function rebuilt(engine: Pick<Engine, 'ask'>, shard: number): Promise<RebuildView> {
  await until(
    () =>
      engine.ask(START_REBUILD, { shard }).then(
        () => true,
        (error) => {
          if (error instanceof PulseprintError && error.code === 'NOT_READY') return false
          throw error
        },
      ),
    () => `shard ${shard} is not ready to be rebuilt`,
  )
  return rebuildEnded(engine, shard)
}

export async function rebuildEnded(engine: Pick<Engine, 'ask'>, shard: number): Promise<RebuildView> {
  let view: RebuildView | undefined
  await until(
    async () => {
      view = await engine.ask(REBUILD, { shard })
      return view.state !== 'running'
    },
    () => `the rebuild does not end: ${JSON.stringify(view)}`,
    60_000,
  )
  return view!
}

/** The profiles that the log of a stopped engine leads to, as bytes by user. */
export async function loggedProfiles(
  folder: string,
  definition: Definition,
  shards: number,
): Promise<Map<string, Buffer>> {
  const log = new LmdbActionLog(join(folder, 'log'), { format: 1, shards, hashVersion: HASH_VERSION })
  const fold = new Fold(definition)
  const profiles = new Map<string, Profile>()
  for (let shard = 0; shard < shards; shard++) {
    for (let sequence = 1; sequence <= log.head(shard); sequence++) {
      const record = log.get(shard, sequence)
      if (record) foldRecord(fold, profiles, shard, sequence, record.payload)
    }
  }
  await log.close()
  return new Map([...profiles].map(([user, profile]) => [user, encodeProfile(definition, profile)]))
}

function foldRecord(
  fold: Fold,
  profiles: Map<string, Profile>,
  shard: number,
  sequence: number,
  payload: Buffer,
): void {
  const { kind, receivedAt } = decodeHeader(payload)
  const isTick = kind === 'tick'
  const actions = isTick ? [] : decodeActions(payload)
  const users = isTick ? decodeTick(payload) : actions.map(({ user }) => user)
  for (const [position, user] of users.entries()) {
    const profile = profiles.get(user) ?? emptyProfile(fold.definition)
    const place = { shard, sequence, position }
    if (isTick) {
      if (fold.tick(user, profile, place, receivedAt, [])) profile.sequence = sequence
      continue
    }
    fold.apply(profile, actions[position]!, place, receivedAt, [])
    profile.sequence = sequence
    profiles.set(user, profile)
  }
}

/** The stored profiles of a stopped engine, as bytes by user. */
export function storedProfiles(folder: string, shards: number): Promise<Map<string, Buffer>> {
  return withSnapshots(folder, shards, async (store) => {
    const stored = new Map<string, Buffer>()
    for (let shard = 0; shard < shards; shard++) {
      for await (const users of store.users(shard)) {
        for (const [index, bytes] of (await store.load(shard, users)).entries())
          stored.set(users[index]!, bytes!)
      }
    }
    return stored
  })
}

export interface Damage {
  user: string
  bytes: Uint8Array
  /** What the wake index holds for the user, and is to lose. Default: it stays as it is. */
  wakeBefore?: number
}

/** Writes other profiles into the store of a stopped engine, as its last owner might have. */
export function damage(folder: string, shards: number, damages: readonly Damage[]): Promise<void> {
  return withSnapshots(folder, shards, async (store) => {
    for (const { user, bytes, wakeBefore = NEVER } of damages) {
      const shard = shardOf(user, shards)
      const { epoch } = await store.checkpoint(shard)
      const profile: StoredProfile = { user, bytes, wakeAt: NEVER, wakeBefore }
      await store.commit(shard, { epoch, profiles: [profile] })
    }
  })
}

async function withSnapshots<T>(
  folder: string,
  shards: number,
  work: (store: LmdbSnapshotStore) => Promise<T>,
): Promise<T> {
  const store = new LmdbSnapshotStore(join(folder, 'snapshots'), {
    format: 1,
    shards,
    hashVersion: HASH_VERSION,
  })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
