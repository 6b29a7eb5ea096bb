// What a user takes in Redis and in a node's memory, and how fast a node replays the whole log into
// an empty Redis.
import { Redis } from 'ioredis'
import { until } from '../support/until.ts'
import type { Cleanup } from './cleanup.ts'
import { ClusterUnderTest } from './cluster-under-test.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'
import { anonymousBytesOf } from './server-process.ts'
import { checkCounted } from './side-by-side.ts'

export interface StoredUsers {
  users: number
  /**
   * Bytes per user with five actions: all that Redis has in use, and what it says its keys take.
   */
  usedBytesPerUser: number
  keyBytesPerUser: number
  /** Resident bytes of the node that has all of them hot. */
  nodeBytes: number
}

export interface Replays {
  actions: number
  /** One of each per replay. */
  actionsPerSecond: number[]
  seconds: number[]
}

const ACTIONS_PER_USER = 5
const REPLAY_WAIT_MS = 300_000

export async function measureStoredUsers(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<StoredUsers[]> {
  const stored: StoredUsers[] = []
  for (const users of plan.cluster.populations) {
    say(`cluster, population of ${users.toLocaleString('en')}`)
    const cluster = await ClusterUnderTest.start(cleanup, { nodes: 1, nats: 1 })
    const { port, process } = cluster.nodes[0]!
    const redis = new Redis(cluster.redis.port)
    const empty = await usedBytes(redis)
    const connections = plan.ingestConnections
    await runLoad({ port, kind: 'ingest', connections, firstUser: 0, users, rounds: ACTIONS_PER_USER })
    await cluster.saved()
    const usedBytesPerUser = ((await usedBytes(redis)) - empty) / users
    const keyBytesPerUser = (await keyBytes(redis)) / users
    stored.push({ users, usedBytesPerUser, keyBytesPerUser, nodeBytes: anonymousBytesOf(process.pid!) })
    redis.disconnect()
    await cluster.stop()
  }
  return stored
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))![1])
}

async function keyBytes(redis: Redis): Promise<number> {
  const keys = await redis.keys('*')
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)))
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

export async function measureReplays(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<Replays> {
  const { users, ingestConnections: connections } = plan
  const { replayActions: actions } = plan.cluster
  const cluster = await ClusterUnderTest.start(cleanup, { nodes: 1, nats: 1 })
  const { port } = cluster.nodes[0]!
  await runLoad({ port, kind: 'ingest', connections, firstUser: 0, users, rounds: actions / users })
  await cluster.saved()
  const redis = new Redis(cluster.redis.port)
  const replays: Replays = { actions, actionsPerSecond: [], seconds: [] }
  for (let round = 1; round <= plan.cluster.replays; round++) {
    say(`cluster, replay ${round} of ${plan.cluster.replays}`)
    await cluster.kill(cluster.nodes)
    await redis.flushall()
    const seconds = await replay(cluster)
    replays.seconds.push(seconds)
    replays.actionsPerSecond.push(actions / seconds)
    await checkCounted({ port: cluster.nodes[0]!.port, users }, actions)
    await cluster.saved()
  }
  redis.disconnect()
  await cluster.stop()
  return replays
}

/**
 * Seconds from when a node, alone, runs no shard yet until it runs all of them and has applied
 * their logs.
 */
async function replay(cluster: ClusterUnderTest): Promise<number> {
  const { name } = await cluster.spawn()
  let begun = performance.now()
  return until(
    async () => {
      const asked = performance.now()
      const shards = await cluster.shards().catch(() => [])
      if (!shards.some(({ owner }) => owner === name)) begun = asked
      const done = shards.length > 0 && shards.every(({ owner, lag }) => owner === name && lag === 0)
      return done && (performance.now() - begun) / 1_000
    },
    () => 'the log was not replayed',
    REPLAY_WAIT_MS,
  )
}
