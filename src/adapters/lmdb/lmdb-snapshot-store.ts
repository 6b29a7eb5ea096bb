// The snapshot store on LMDB: profiles keyed by shard and user, and a checkpoint per shard whose
// LMDB version is its epoch, so that LMDB itself refuses the commit of an older owner inside the
// write transaction.
import type { Database, RootDatabase } from 'lmdb'
import { PulseprintError } from '../../errors.ts'
import { checkStoreIdentity, type StoreIdentity } from '../../model/store-identity.ts'
import type { Commit, Loaded, ShardCheckpoint, SnapshotStore, Wake } from '../../snapshots/snapshot-store.ts'
import { openLmdb } from './lmdb-open.ts'
import { closed, committed } from './lmdb-write.ts'

const NEVER = Number.POSITIVE_INFINITY
const NOTHING = Buffer.alloc(0)
const NUL = Buffer.from([0])
/** Users listed in one go. */
const USERS_PAGE_LENGTH = 1_000
const FAILURE = 'snapshots could not be written'

export class LmdbSnapshotStore implements SnapshotStore {
  readonly isShared = false
  readonly #root: RootDatabase
  readonly #identity: Database<unknown, string>
  readonly #checkpoints: Database<ShardCheckpoint, number>
  readonly #profiles: Database<Buffer, Buffer>
  /** Keys only. */
  readonly #wakes: Database<Buffer, Buffer>

  constructor(path: string, identity: StoreIdentity) {
    this.#root = openLmdb(path, { encoding: 'binary', eventTurnBatching: false })
    this.#identity = this.#root.openDB({ name: 'identity', encoding: 'json' })
    checkStoreIdentity(this.#identity, identity, path)
    this.#checkpoints = this.#root.openDB({ name: 'checkpoints', encoding: 'json', useVersions: true })
    this.#profiles = this.#root.openDB({ name: 'profiles', encoding: 'binary', keyEncoding: 'binary' })
    this.#wakes = this.#root.openDB({ name: 'wakes', encoding: 'binary', keyEncoding: 'binary' })
  }

  async checkpoint(shard: number): Promise<ShardCheckpoint> {
    return this.#checkpoints.get(shard) ?? { epoch: 0, offset: 0 }
  }

  async claim(shard: number, epoch: number): Promise<void> {
    const { epoch: claimed, offset } = await this.checkpoint(shard)
    if (epoch <= claimed) throw fenced(shard, epoch)
    const expected = claimed === 0 ? undefined : claimed
    const put = this.#checkpoints.put(shard, { epoch, offset }, epoch, expected as number)
    const written = await committed(put, FAILURE)
    if (!written) throw fenced(shard, epoch)
  }

  load(shard: number, users: readonly string[]): Loaded {
    return users.map((user) => this.#profiles.get(profileKey(shard, user)))
  }

  async commit(shard: number, { epoch, offset, profiles }: Commit): Promise<void> {
    const commit = this.#checkpoints.ifVersion(shard, epoch, () => {
      for (const { user, bytes, wakeAt, wakeBefore } of profiles) {
        void this.#profiles.put(profileKey(shard, user), bytes as Buffer)
        if (wakeAt === wakeBefore) continue
        if (wakeBefore !== NEVER) void this.#wakes.remove(wakeKey(shard, wakeBefore, user))
        if (wakeAt !== NEVER) void this.#wakes.put(wakeKey(shard, wakeAt, user), NOTHING)
      }
      if (offset !== undefined) this.#checkpoints.put(shard, { epoch, offset }, epoch)
    })
    const owned = await committed(commit, FAILURE)
    if (!owned) throw fenced(shard, epoch)
  }

  async wakes(shard: number, after: Wake | undefined, until: number, limit: number): Promise<Wake[]> {
    const start = after ? wakeKey(shard, after.wakeAt, after.user) : wakeKey(shard, 0, '')
    // One more: the range begins with the one to go on behind.
    const range = { start, end: wakeKey(shard, until + 1, ''), limit: limit + 1 }
    const wakes: Wake[] = []
    for (const key of this.#wakes.getKeys(range)) {
      if (wakes.length < limit && !key.equals(start)) wakes.push(wakeOf(key))
    }
    return wakes
  }

  async *users(shard: number): AsyncIterable<string[]> {
    const end = profileKey(shard + 1, '')
    let start = profileKey(shard, '')
    for (;;) {
      const keys = [...this.#profiles.getKeys({ start, end, limit: USERS_PAGE_LENGTH })]
      yield keys.map((key) => key.toString('utf8', 2))
      if (keys.length < USERS_PAGE_LENGTH) return
      // The lowest key behind the last one.
      start = Buffer.concat([keys.at(-1)!, NUL])
    }
  }

  async count(): Promise<number> {
    return (this.#profiles.getStats() as { entryCount: number }).entryCount
  }

  async reset(fingerprint: string): Promise<void> {
    // One transaction: cut short by a crash, it has not happened at all.
    const commit = this.#root.batch(() => {
      void this.#profiles.clearAsync()
      void this.#wakes.clearAsync()
      for (const { key, value } of this.#checkpoints.getRange({})) {
        void this.#checkpoints.put(key, { epoch: value.epoch, offset: 0 }, value.epoch)
      }
      void this.#identity.put('fingerprint', fingerprint)
    })
    await committed(commit, FAILURE)
  }

  async fingerprint(): Promise<string | undefined> {
    return this.#identity.get('fingerprint') as string | undefined
  }

  async close(): Promise<void> {
    await closed(this.#root)
  }
}

/** Shard, then the user's UTF-8 bytes: a shard's profiles lie together. */
function profileKey(shard: number, user: string): Buffer {
  const key = Buffer.allocUnsafe(2 + Buffer.byteLength(user))
  key.writeUInt16BE(shard, 0)
  key.write(user, 2)
  return key
}

/** Shard, instant, user: a shard's users lie in the order in which they have to be woken. */
function wakeKey(shard: number, wakeAt: number, user: string): Buffer {
  const key = Buffer.allocUnsafe(10 + Buffer.byteLength(user))
  key.writeUInt16BE(shard, 0)
  key.writeDoubleBE(wakeAt, 2)
  key.write(user, 10)
  return key
}

function wakeOf(key: Buffer): Wake {
  return { wakeAt: key.readDoubleBE(2), user: key.toString('utf8', 10) }
}

function fenced(shard: number, epoch: number): PulseprintError {
  return new PulseprintError(
    'FENCED',
    `epoch ${epoch} of shard ${shard} is over: a newer owner has claimed it`,
  )
}
