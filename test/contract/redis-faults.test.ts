// What only the snapshot store on Redis can suffer: races, lost replies, servers that die, come
// back, forget or fill up.
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisSnapshotStore } from '../../src/adapters/redis/redis-snapshot-store.ts'
import { type LogLine, recordingLogger } from '../support/api.ts'
import { startDeafProxy } from '../support/deaf-proxy.ts'
import { type RunningRedis, startRedis, startRedisCluster } from '../support/servers.ts'
import { until } from '../support/until.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }
/** In words of ours, whatever the client says. */
const UNREACHABLE = /^Redis at redis:\/\/127[\d.:,/redis]+ (is not connected|gave no answer)$/
const NEVER = Number.POSITIVE_INFINITY
const profile = (user: string, value: string | Buffer, wakeAt = NEVER, wakeBefore = NEVER) => ({
  user,
  bytes: Buffer.from(value),
  wakeAt,
  wakeBefore,
})

async function redisFor(options: Record<string, string> = {}): Promise<RunningRedis> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

async function storeOn(url: string, logged: LogLine[] = []): Promise<RedisSnapshotStore> {
  const store = await RedisSnapshotStore.open(url, identity, undefined, recordingLogger(logged))
  onTestFinished(() => store.close())
  return store
}

function clientOf({ port }: RunningRedis): Redis {
  const client = new Redis(port)
  client.on('error', () => {})
  onTestFinished(() => client.disconnect())
  return client
}

const read = async (store: RedisSnapshotStore, shard: number, users: string[]) =>
  (await store.load(shard, users)).map((bytes) => bytes?.toString())

/**
 * Commits until it succeeds, each time with the next value; every failure until then has to be the
 * storage's.
 */
async function commitUntilItWorks(store: RedisSnapshotStore, epoch: number): Promise<string> {
  let value = 0
  await until(
    async () => {
      const profiles = [profile('a', `${++value}`)]
      const error = await store.commit(0, { epoch, offset: value, profiles }).then(
        () => undefined,
        (reason) => reason,
      )
      if (error) expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
      return error === undefined
    },
    () => 'no commit worked',
  )
  return `${value}`
}

test('of two owners that race, nothing of the older is written from the claim of the newer on', async () => {
  const redis = await redisFor()
  const older = await storeOn(redis.url)
  const newer = await storeOn(redis.url)
  await older.claim(0, 1)
  const outcomes: Promise<string>[] = []
  let claimed: Promise<void> | undefined
  for (let at = 0; at < 300; at++) {
    const commit = older.commit(0, { epoch: 1, offset: at, profiles: [profile(`u${at}`, 'x')] })
    outcomes.push(
      commit.then(
        () => 'written',
        (error) => error.code,
      ),
    )
    if (at === 100) claimed = newer.claim(0, 2)
    if (at % 10 === 0) await commit.catch(() => {})
    if (at === 200) await claimed
  }
  const all = await Promise.all(outcomes)
  const written = all.filter((outcome) => outcome === 'written').length
  expect(written).toBeGreaterThan(90)
  expect(written).toBeLessThanOrEqual(201)
  // One edge: written before it, fenced after it.
  expect(all.slice(written)).toEqual(Array(300 - written).fill('FENCED'))
  expect(await newer.count()).toBe(written)
  expect(await newer.checkpoint(0)).toEqual({ epoch: 2, offset: written - 1 })
})

test('an older owner is fenced whether or not it, or the newer one, has committed anything yet', async () => {
  const redis = await redisFor()
  for (const [shard, [byOlder, byNewer]] of [
    [0, 0],
    [0, 2],
    [2, 0],
    [1, 3],
  ].entries()) {
    const older = await storeOn(redis.url)
    const newer = await storeOn(redis.url)
    await older.claim(shard, 1)
    for (let at = 0; at < byOlder!; at++) await older.commit(shard, { epoch: 1, profiles: [] })
    await newer.claim(shard, 2)
    for (let at = 0; at < byNewer!; at++) await newer.commit(shard, { epoch: 2, profiles: [] })
    await expect(
      older.commit(shard, { epoch: 1, offset: 9, profiles: [profile('a', 'late')] }),
    ).rejects.toMatchObject({ code: 'FENCED', message: expect.stringContaining('a newer owner') })
    expect(await read(newer, shard, ['a'])).toEqual([undefined])
    expect(await newer.checkpoint(shard)).toEqual({ epoch: 2, offset: 0 })
  }
})

test('of two claims of the same epoch one wins', async () => {
  const redis = await redisFor()
  const stores = await Promise.all([storeOn(redis.url), storeOn(redis.url)])
  const claims = await Promise.allSettled(stores.map((store) => store.claim(0, 7)))
  expect(claims.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const loser = stores[claims.findIndex(({ status }) => status === 'rejected')]!
  await expect(loser.commit(0, { epoch: 7, offset: 1, profiles: [] })).rejects.toMatchObject({
    code: 'FENCED',
  })
})

test('a killed Redis costs failed commits, keeps what it confirmed, and is found again when it is back: that is told once each', async () => {
  const redis = await redisFor({ appendonly: 'yes', appendfsync: 'always' })
  const logged: LogLine[] = []
  const store = await storeOn(redis.url, logged)
  await store.claim(0, 3)
  await store.commit(0, { epoch: 3, offset: 5, profiles: [profile('kept', 'yes', 70)] })
  await redis.kill()
  for (const call of [
    store.commit(0, { epoch: 3, offset: 6, profiles: [profile('a', '0')] }),
    store.load(0, ['a']),
    store.checkpoint(0),
    store.claim(1, 1),
    store.wakes(0, undefined, 100, 1),
    store.count(),
    store.fingerprint(),
    store.reset('other'),
    store.warnings(),
  ]) {
    await expect(call).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(
        /^Redis at redis:\/\/127\.0\.0\.1:\d+ (is not connected|gave no answer)$/,
      ),
    })
  }
  await redis.start()
  const value = await commitUntilItWorks(store, 3)
  expect(await read(store, 0, ['kept', 'a'])).toEqual(['yes', value])
  expect(await store.wakes(0, undefined, 100, 9)).toEqual([{ wakeAt: 70, user: 'kept' }])
  expect(await store.checkpoint(0)).toEqual({ epoch: 3, offset: Number(value) })
  await store.close()
  expect(logged).toEqual([
    { level: 'warn', message: 'Redis is lost', facts: { server: `127.0.0.1:${redis.port}` } },
    { level: 'info', message: 'Redis is back' },
  ])
})

test('a master of a cluster that is killed fails the calls for its shards only, and is found again when it is back', async () => {
  const cluster = await startRedisCluster({
    appendonly: 'yes',
    appendfsync: 'always',
    'cluster-require-full-coverage': 'no',
  })
  onTestFinished(() => cluster.stop())
  const logged: LogLine[] = []
  const store = await storeOn(cluster.urls, logged)
  for (let shard = 0; shard < identity.shards; shard++) {
    await store.claim(shard, 1)
    await store.commit(shard, { epoch: 1, offset: 1, profiles: [profile('a', 'first')] })
  }
  const keys = await Promise.all(cluster.masters.map((master) => clientOf(master).keys('*')))
  expect(keys.filter((ofMaster) => ofMaster.some((key) => key.includes('{shard-'))).length).toBeGreaterThan(1)
  const holder = keys.findIndex((ofMaster) => ofMaster.includes('pulseprint:{shard-0}:profiles'))
  const elsewhere = [1, 2, 3].find(
    (shard) => !keys[holder]!.includes(`pulseprint:{shard-${shard}}:profiles`),
  )!
  await cluster.masters[holder]!.kill()
  await expect(store.commit(0, { epoch: 1, profiles: [profile('a', 'second')] })).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringMatching(UNREACHABLE),
  })
  await store.commit(elsewhere, { epoch: 1, offset: 2, profiles: [profile('a', 'second')] })
  await cluster.masters[holder]!.start()
  expect(await read(store, elsewhere, ['a'])).toEqual(['second'])
  const value = await commitUntilItWorks(store, 1)
  expect(await read(store, 0, ['a'])).toEqual([value])
  expect(logged.map(({ message }) => message)).toEqual(['Redis is lost', 'Redis is back'])
})

test('a commit whose reply is lost fails, has been written, and can be made again with other wakes', async () => {
  const redis = await redisFor()
  const proxy = await startDeafProxy(redis.port)
  const store = await storeOn(`redis://127.0.0.1:${proxy.port}`)
  await store.claim(0, 1)
  await store.commit(0, { epoch: 1, offset: 1, profiles: [profile('a', '1', 100)] })
  const lost = proxy.loseReplies()
  const commit = store.commit(0, { epoch: 1, offset: 2, profiles: [profile('a', '2', 50, 100)] })
  commit.catch(() => {})
  await lost
  const besides = await storeOn(redis.url)
  await until(
    async () => (await read(besides, 0, ['a']))[0] === '2',
    () => 'it was not written',
  )
  proxy.cut()
  await expect(commit).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  // The caller believes that the index still says 100, and that it need not change.
  await until(
    () =>
      store.commit(0, { epoch: 1, offset: 3, profiles: [profile('a', '3', 100, 100)] }).then(
        () => true,
        () => false,
      ),
    () => 'it never went on',
  )
  expect(await read(store, 0, ['a'])).toEqual(['3'])
  expect(await store.wakes(0, undefined, 1_000, 9)).toEqual([{ wakeAt: 100, user: 'a' }])
})

test('a server that falls silent is given up, and found again', async () => {
  const redis = await redisFor()
  const proxy = await startDeafProxy(redis.port)
  const store = await storeOn(`redis://127.0.0.1:${proxy.port}`)
  await store.claim(0, 1)
  void proxy.loseReplies()
  const commit = store.commit(0, { epoch: 1, offset: 1, profiles: [profile('a', '1')] })
  await expect(commit).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: `Redis at redis://127.0.0.1:${proxy.port} gave no answer`,
  })
  proxy.cut()
  expect(await commitUntilItWorks(store, 1)).not.toBe('')
})

test('a commit that arrives after a later one of the same epoch is refused', async () => {
  const redis = await redisFor()
  const store = await storeOn(redis.url)
  await store.claim(0, 1)
  await store.commit(0, { epoch: 1, offset: 9, profiles: [profile('a', 'new')] })
  // As if that had been the second, sent over another connection while the first was still on its
  // way.
  await clientOf(redis).hset('pulseprint:{shard-0}:checkpoint', 'commit', 2)
  await expect(
    store.commit(0, { epoch: 1, offset: 5, profiles: [profile('a', 'old')] }),
  ).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining('overtaken') })
  expect(await read(store, 0, ['a'])).toEqual(['new'])
  expect(await store.checkpoint(0)).toEqual({ epoch: 1, offset: 9 })
})

test('an owner whose confirmed commits Redis has lost is fenced, when it saves and when it loads', async () => {
  const redis = await redisFor({ appendonly: 'no' })
  const client = clientOf(redis)
  const store = await storeOn(redis.url)
  for (const shard of [0, 1]) await store.claim(shard, 1)
  await store.commit(0, { epoch: 1, offset: 10, profiles: [profile('a', 'old')] })
  await client.save()
  await store.commit(0, { epoch: 1, offset: 20, profiles: [profile('a', 'new')] })
  await redis.kill()
  await redis.start()
  await until(
    () =>
      store.fingerprint().then(
        () => true,
        () => false,
      ),
    () => 'it was not found again',
  )
  await expect(store.load(0, ['a'], 1)).rejects.toMatchObject({ code: 'FENCED' })
  await expect(store.commit(0, { epoch: 1, offset: 30, profiles: [] })).rejects.toMatchObject({
    code: 'FENCED',
  })
  expect(await store.checkpoint(0)).toEqual({ epoch: 1, offset: 10 })
  // A shard that nothing was lost of goes on, and the other after it is claimed anew.
  await store.commit(1, { epoch: 1, offset: 1, profiles: [] })
  await store.claim(0, 2)
  expect(await read(store, 0, ['a'])).toEqual(['old'])
  await store.commit(0, { epoch: 2, offset: 30, profiles: [profile('a', 'new')] })
})

test('an owner that does not know of a reset is fenced', async () => {
  const redis = await redisFor()
  const owner = await storeOn(redis.url)
  await owner.claim(0, 1)
  await (await storeOn(redis.url)).reset('other')
  await expect(owner.commit(0, { epoch: 1, offset: 9, profiles: [] })).rejects.toMatchObject({
    code: 'FENCED',
  })
  expect(await owner.checkpoint(0)).toEqual({ epoch: 1, offset: 0 })
})

test('a reset that is cut short keeps the fingerprint of before, so that the next start resets again', async () => {
  const redis = await redisFor()
  const store = await storeOn(redis.url)
  await store.reset('first')
  // What must be a hash is not: the reset fails at this shard.
  await clientOf(redis).set('pulseprint:{shard-2}:checkpoint', 'broken')
  await expect(store.reset('second')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  expect(await store.fingerprint()).toBe('first')
})

test('a server that has forgotten its scripts is taught them again', async () => {
  const redis = await redisFor()
  const client = clientOf(redis)
  const store = await storeOn(redis.url)
  await store.claim(0, 1)
  for (const offset of [1, 2]) {
    await client.script('FLUSH')
    await store.commit(0, { epoch: 1, offset, profiles: [profile('a', `${offset}`, offset)] })
  }
  await client.script('FLUSH')
  expect(await store.wakes(0, undefined, 10, 9)).toEqual([{ wakeAt: 2, user: 'a' }])
  expect(await store.checkpoint(0)).toEqual({ epoch: 1, offset: 2 })
})

test('a full Redis refuses whole commits, large ones from some part on, and never takes an offset without its profiles', async () => {
  const redis = await redisFor({ 'maxmemory-policy': 'noeviction' })
  const client = clientOf(redis)
  const store = await storeOn(redis.url)
  await store.claim(0, 1)
  await store.commit(0, { epoch: 1, offset: 1, profiles: [profile('a', 'old', 10)] })
  const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))![1])
  await client.config('SET', 'maxmemory', String(used + 8 * 1024 * 1024))
  const large = Array.from({ length: 20 }, (_, at) => profile(`large-${at}`, Buffer.alloc(1024 * 1024)))
  await expect(
    store.commit(0, { epoch: 1, offset: 2, profiles: [...large, profile('a', 'new')] }),
  ).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining('OOM') })
  expect(await store.checkpoint(0)).toEqual({ epoch: 1, offset: 1 })
  await client.config('SET', 'maxmemory', '1mb')
  await expect(
    store.commit(0, { epoch: 1, offset: 3, profiles: [profile('a', 'new'), profile('b', 'new', 5)] }),
  ).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  expect(await read(store, 0, ['a', 'b'])).toEqual(['old', undefined])
  expect(await store.wakes(0, undefined, 100, 9)).toEqual([{ wakeAt: 10, user: 'a' }])
  await client.config('SET', 'maxmemory', '0')
  await store.commit(0, { epoch: 1, offset: 4, profiles: [...large, profile('a', 'new')] })
  expect(await read(store, 0, ['a', 'large-19'])).toEqual(['new', '\0'.repeat(1024 * 1024)])
  expect(await store.checkpoint(0)).toEqual({ epoch: 1, offset: 4 })
})

test('thousands of profiles are committed and loaded in one call, and woken page by page though all at one instant', async () => {
  const redis = await redisFor()
  const store = await storeOn(redis.url)
  await store.claim(0, 1)
  const users = Array.from({ length: 3_500 }, (_, at) => `u${at}`)
  await store.commit(0, { epoch: 1, offset: 1, profiles: users.map((user) => profile(user, user, 50)) })
  expect(await read(store, 0, users)).toEqual(users)
  const woken: string[] = []
  let after: { wakeAt: number; user: string } | undefined
  for (;;) {
    const page = await store.wakes(0, after, 50, 700)
    if (page.length === 0) break
    woken.push(...page.map(({ user }) => user))
    after = page.at(-1)!
    // Who was woken has moved on, the one to go on behind among them.
    await store.commit(0, { epoch: 1, profiles: page.map(({ user }) => profile(user, user, 99, 50)) })
  }
  expect(woken).toEqual(users.toSorted())
})

test('a wrong password is refused with the reason and without the password', async () => {
  const redis = await redisFor({ requirepass: 'right-one' })
  const address = `127.0.0.1:${redis.port}`
  const opened = RedisSnapshotStore.open(`redis://:wrong-one@${address}`, identity)
  const error = await opened.catch((reason) => reason)
  expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining('WRONGPASS') })
  expect(`${error.message} ${JSON.stringify(error)} ${error.stack}`).not.toContain('wrong-one')
  const store = await storeOn(`redis://:right-one@${address}`)
  await store.claim(0, 1)
})

test('a Redis that speaks no TLS is asked about it, where TLS was wanted', async () => {
  const { port } = await redisFor()
  await expect(RedisSnapshotStore.open(`rediss://127.0.0.1:${port}`, identity)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringMatching(
      /^Redis at rediss:\/\/127\.0\.0\.1:\d+: connect ETIMEDOUT; does it speak TLS\?/,
    ),
  })
})

test('what is no Redis, or no address at all, is refused with a reason', async () => {
  const { port } = await redisFor()
  await expect(RedisSnapshotStore.open('redis://127.0.0.1:1', identity)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  await expect(
    RedisSnapshotStore.open('redis://127.0.0.1:1,redis://127.0.0.1:2', identity),
  ).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
  })
  for (const url of ['', 'localhost', `http://secret@127.0.0.1:${port}`, `redis://127.0.0.1:${port}/zero`]) {
    const error = await RedisSnapshotStore.open(url, identity).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'INVALID_REQUEST' })
    expect(error.message).not.toContain('secret')
  }
})

test('a store made with another number of shards is refused, and the message says which', async () => {
  const redis = await redisFor()
  await storeOn(redis.url)
  await expect(RedisSnapshotStore.open(redis.url, { ...identity, shards: 8 })).rejects.toMatchObject({
    code: 'STORE_MISMATCH',
    message: expect.stringContaining('shards is 4, wanted 8'),
  })
  // Another engine's place on the same server.
  await (await RedisSnapshotStore.open(redis.url, { ...identity, shards: 8 }, randomUUID())).close()
})

test('a Redis that would drop profiles is refused', async () => {
  const redis = await redisFor({ 'maxmemory-policy': 'allkeys-lru' })
  await expect(RedisSnapshotStore.open(redis.url, identity)).rejects.toMatchObject({
    code: 'STORE_MISMATCH',
    message: expect.stringContaining('allkeys-lru'),
  })
})

test('a Redis that could lose profiles is warned of, one that could not is not', async () => {
  const careless = await storeOn((await redisFor()).url)
  expect((await careless.warnings()).join()).toMatch(/appendonly is off.*maxmemory is not set/)
  const redis = await redisFor({ appendonly: 'yes', appendfsync: 'no', maxmemory: '1gb' })
  const store = await storeOn(redis.url)
  expect((await store.warnings()).join()).toMatch(/^Redis at 127\.0\.0\.1:\d+: appendfsync is no/)
  await clientOf(redis).config('SET', 'appendfsync', 'always')
  expect(await store.warnings()).toEqual([])
})
