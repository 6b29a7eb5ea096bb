// The snapshot store on Redis. A shard is three keys in one slot: a small hash with epoch, commit
// number and offset, one hash of all its profiles, and a sorted set of whom to wake. Every write is
// one Lua call that compares the epoch first.
import { checkStoreIdentity, type StoreIdentity } from '../../model/store-identity.ts'
import { consoleLogger, type Logger } from '../../runtime/logger.ts'
import type {
  Commit,
  Loaded,
  ShardCheckpoint,
  SnapshotStore,
  StoredProfile,
  Wake,
} from '../../snapshots/snapshot-store.ts'
import { inParts, profileArguments } from './redis-commit-parts.ts'
import { connectRedis, maskedRedisUrls } from './redis-connection.ts'
import { redisWarnings, refuseEviction } from './redis-durability.ts'
import { fenced, lost, overtaken, redisFailure } from './redis-failure.ts'
import { CLAIM, COMMIT, RESET, type RedisClient, runScript, type Script, WAKES } from './redis-scripts.ts'

/** Profiles loaded in one call. */
const LOAD_PROFILES_MAX = 1_000

/** About how many users one call lists. */
const SCAN_COUNT = 1_000

/** What this process knows of the commits under an epoch that it has claimed. */
interface Claim {
  epoch: number
  /** Number of the last commit that was sent. */
  sent: number
  /** Highest number that Redis has confirmed. */
  confirmed: number
}

export class RedisSnapshotStore implements SnapshotStore {
  readonly isShared = true
  readonly #client: RedisClient
  readonly #prefix: string
  readonly #shards: number
  readonly #claims = new Map<number, Claim>()
  readonly #fail: (error: unknown) => never

  private constructor(client: RedisClient, prefix: string, shards: number, fail: (error: unknown) => never) {
    this.#client = client
    this.#fail = fail
    this.#prefix = prefix
    this.#shards = shards
  }

  /**
   * @param urls see connectRedis
   * @param prefix begins every key: one per engine that shares the Redis Errors: STORE_MISMATCH
   * when the store was made with another identity, or where Redis is set to drop keys when its
   * memory is full; STORAGE_UNAVAILABLE if it cannot be reached or refuses the credentials.
   */
  static async open(
    urls: string,
    identity: StoreIdentity,
    prefix = 'pulseprint',
    logger: Logger = consoleLogger,
  ): Promise<RedisSnapshotStore> {
    const fail = (error: unknown): never => {
      throw redisFailure(error, maskedRedisUrls(urls))
    }
    const client = await connectRedis(urls, logger).catch(fail)
    const store = new RedisSnapshotStore(client, prefix, identity.shards, fail)
    try {
      // Asks all masters of a cluster, and so connects to each: without a queue, first calls would
      // fail until then.
      await refuseEviction(client)
      await store.#checkIdentity(identity)
    } catch (error) {
      await store.close()
      fail(error)
    }
    return store
  }

  async #checkIdentity(wanted: StoreIdentity): Promise<void> {
    const key = this.#storeKey()
    await this.#client.hsetnx(key, 'identity', JSON.stringify(wanted))
    const found = JSON.parse((await this.#client.hget(key, 'identity')) ?? 'null')
    checkStoreIdentity({ get: () => found, putSync: () => {} }, wanted, `Redis under ${this.#prefix}:`)
  }

  /** What keeps this Redis from holding on to what it has confirmed, in words for an operator. */
  async warnings(): Promise<string[]> {
    return redisWarnings(this.#client).catch(this.#fail)
  }

  async checkpoint(shard: number): Promise<ShardCheckpoint> {
    const [epoch, offset, savedAt] = await this.#client
      .hmget(this.#key(shard, 'checkpoint'), 'epoch', 'offset', 'savedAt')
      .catch(this.#fail)
    return {
      epoch: Number(epoch ?? 0),
      offset: Number(offset ?? 0),
      ...(savedAt && { savedAt: Number(savedAt) }),
    }
  }

  /**
   * After STORAGE_UNAVAILABLE the claim may have been recorded: take a higher epoch to try again.
   */
  async claim(shard: number, epoch: number): Promise<void> {
    const claimed = await this.#run(CLAIM, [this.#key(shard, 'checkpoint')], [epoch])
    if (claimed !== 1) throw fenced(shard, epoch, 'a newer owner has claimed it')
    this.#claims.set(shard, { epoch, sent: 0, confirmed: 0 })
  }

  async load(shard: number, users: readonly string[], epoch?: number): Promise<Loaded> {
    const profiles = this.#key(shard, 'profiles')
    const calls: Promise<(Buffer | null)[]>[] = []
    for (let at = 0; at < users.length; at += LOAD_PROFILES_MAX) {
      calls.push(this.#client.hmgetBuffer(profiles, ...users.slice(at, at + LOAD_PROFILES_MAX)))
    }
    const holds = epoch === undefined ? undefined : this.#checkHolds(shard, epoch)
    const [, ...found] = await Promise.all([holds, ...calls]).catch(this.#fail)
    return found.flat().map((bytes) => bytes ?? undefined)
  }

  /**
   * An owner must not go on from profiles older than those it has saved, nor from those of a later
   * owner. Errors: FENCED.
   */
  async #checkHolds(shard: number, epoch: number): Promise<void> {
    const { confirmed } = this.#claim(shard, epoch)
    const held = await this.#client.hmget(this.#key(shard, 'checkpoint'), 'epoch', 'commit')
    const [heldEpoch, heldCommit] = held.map(Number) as [number, number]
    if (heldEpoch > epoch) throw fenced(shard, epoch, 'a newer owner has claimed it')
    if (heldEpoch < epoch || heldCommit < confirmed) throw lost(shard, epoch)
  }

  #claim(shard: number, epoch: number): Claim {
    const claim = this.#claims.get(shard)
    if (claim?.epoch !== epoch) throw fenced(shard, epoch, 'this process has not claimed it')
    return claim
  }

  /**
   * More than 1,000 profiles or 4 MiB go in several calls, in order, the offset with the last: each
   * call is atomic, and one whose predecessor was not written is refused. `wakeBefore` is not
   * needed: the index knows.
   */
  async commit(shard: number, { epoch, offset, savedAt, profiles }: Commit): Promise<void> {
    const claim = this.#claim(shard, epoch)
    const parts = inParts(profiles)
    const calls = parts.map((part, index) => {
      const floor = index === 0 ? claim.confirmed : claim.sent
      return this.#commitPart(
        shard,
        claim,
        floor,
        index === parts.length - 1 ? offset : undefined,
        savedAt,
        part,
      )
    })
    await Promise.all(calls)
  }

  async #commitPart(
    shard: number,
    claim: Claim,
    floor: number,
    offset: number | undefined,
    savedAt: number | undefined,
    profiles: readonly StoredProfile[],
  ): Promise<void> {
    const number = ++claim.sent
    const head = [claim.epoch, floor, number, offset ?? '', savedAt ?? '']
    const answer = await this.#run(COMMIT, this.#shardKeys(shard), [...head, ...profileArguments(profiles)])
    if (answer === 'fenced') throw fenced(shard, claim.epoch, 'a newer owner has claimed it')
    if (answer === 'lost') throw lost(shard, claim.epoch)
    if (answer === 'late') throw overtaken(shard)
    claim.confirmed = Math.max(claim.confirmed, number)
  }

  async wakes(shard: number, after: Wake | undefined, until: number, limit: number): Promise<Wake[]> {
    const { wakeAt, user } = after ?? { wakeAt: Number.NEGATIVE_INFINITY, user: '' }
    const from = wakeAt === Number.NEGATIVE_INFINITY ? '-inf' : wakeAt
    const flat = (await this.#run(WAKES, [this.#key(shard, 'wakes')], [from, user, limit])) as string[]
    const wakes: Wake[] = []
    for (let at = 0; at < flat.length; at += 2) wakes.push({ user: flat[at]!, wakeAt: Number(flat[at + 1]) })
    return wakes.filter((wake) => wake.wakeAt <= until)
  }

  async *users(shard: number): AsyncIterable<string[]> {
    let cursor = '0'
    do {
      // Names and profiles by turns: Redis 7.0 cannot leave the profiles out.
      const [next, flat] = await this.#client
        .hscanBuffer(this.#key(shard, 'profiles'), cursor, 'COUNT', SCAN_COUNT)
        .catch(this.#fail)
      yield flat.filter((_, index) => index % 2 === 0).map((name) => name.toString())
      cursor = next.toString()
    } while (cursor !== '0')
  }

  async count(): Promise<number> {
    const counts = this.#everyShard((shard) => this.#client.hlen(this.#key(shard, 'profiles')))
    return (await counts.catch(this.#fail)).reduce((sum, count) => sum + count, 0)
  }

  /**
   * Atomic per shard. Cut short by a crash, it leaves the fingerprint of before: the next start
   * resets again.
   */
  async reset(fingerprint: string): Promise<void> {
    await this.#everyShard((shard) => this.#run(RESET, this.#shardKeys(shard), []))
    for (const claim of this.#claims.values()) claim.confirmed = -1
    await this.#client.hset(this.#storeKey(), 'fingerprint', fingerprint).catch(this.#fail)
  }

  async fingerprint(): Promise<string | undefined> {
    return (await this.#client.hget(this.#storeKey(), 'fingerprint').catch(this.#fail)) ?? undefined
  }

  async close(): Promise<void> {
    // QUIT waits for the replies that are still owed; if there is no connection, nothing is.
    await this.#client.quit().catch(() => {})
    this.#client.disconnect()
  }

  #everyShard<T>(call: (shard: number) => Promise<T>): Promise<T[]> {
    return Promise.all(Array.from({ length: this.#shards }, (_, shard) => call(shard)))
  }

  #run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | Uint8Array)[],
  ): Promise<unknown> {
    return runScript(this.#client, script, keys, args).catch(this.#fail)
  }

  /** The braces are the hash tag: what stands in them decides on the slot of a cluster. */
  #key(shard: number, part: 'checkpoint' | 'profiles' | 'wakes'): string {
    return `${this.#prefix}:{shard-${shard}}:${part}`
  }

  #shardKeys(shard: number): string[] {
    return [this.#key(shard, 'checkpoint'), this.#key(shard, 'profiles'), this.#key(shard, 'wakes')]
  }

  #storeKey(): string {
    return `${this.#prefix}:store`
  }
}
