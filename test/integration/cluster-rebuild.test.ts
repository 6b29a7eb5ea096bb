// `pulseprint rebuild` on a cluster: each shard is rebuilt by the node that runs it, whichever node
// is asked.
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { shardOf } from '../../src/model/hash.ts'
import { Child } from '../support/child.ts'
import {
  type ClusterNode,
  type ClusterServers,
  SHARDS,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { PROGRAM } from '../support/program.ts'

let servers: ClusterServers

beforeAll(async () => {
  servers = await startClusterServers()
})
afterAll(() => servers.stop())

const USERS = Array.from({ length: 80 }, (_, index) => `u-${index}`)
const VICTIM = 'u-17'
/** Lives in the same shard, and has purchased something else. */
const OTHER = USERS.find((user) => user !== VICTIM && shardOf(user, SHARDS) === shardOf(VICTIM, SHARDS))!
const [PRICE, OTHER_PRICE] = [10 + USERS.indexOf(VICTIM), 10 + USERS.indexOf(OTHER)]

async function rebuildAll(node: ClusterNode): Promise<{ code: number | null; output: string }> {
  const child = new Child([PROGRAM, 'rebuild', '--all', `--url=${node.url}`], {})
  onTestFinished(() => child.end('SIGKILL'))
  return { code: await child.ended(), output: child.output }
}

/** Puts another user's profile in the place of the victim's. */
async function damage(prefix: string): Promise<void> {
  const redis = new Redis(servers.redis.url)
  const key = `${prefix}:{shard-${shardOf(VICTIM, SHARDS)}}:profiles`
  const bytes = await redis.hgetBuffer(key, OTHER)
  expect(await redis.hset(key, VICTIM, bytes!)).toBe(0)
  await redis.quit()
}

test('a profile damaged in Redis is found and repaired through a node that does not run its shard', async () => {
  const cluster = new TestCluster(servers)
  const before = await cluster.startAll('a', 'b')
  await before[0]!.send(
    USERS.map((userId, index) => ({ userId, action: 'purchase', properties: { price: 10 + index } })),
  )
  for (const node of before) await node.process.end('SIGTERM')
  await damage(cluster.prefix)

  const nodes = await cluster.startAll('a', 'b')
  const owner = (await nodes[0]!.shards()).find(({ shard }) => shard === shardOf(VICTIM, SHARDS))!.owner
  const asked = nodes.find(({ name }) => name !== owner)!
  const spend = async () => {
    const { body } = await asked.get<{ features: { spend: number } }>(`/v1/profiles/${VICTIM}`)
    return body.features.spend
  }
  expect(await spend()).toBe(OTHER_PRICE)
  const first = await rebuildAll(asked)
  expect(first.output).toContain(`spend: ${OTHER_PRICE} instead of ${PRICE}`)
  expect(first.output).toContain('79 of 80 profiles are what the log gives; 1 was not, now replaced.')
  expect(first.code).toBe(0)
  expect(await spend()).toBe(PRICE)
  const second = await rebuildAll(asked)
  expect(second.output).toContain('80 of 80 profiles are what the log gives.')
  expect(second.output.split('\n').filter((line) => line.includes(' done '))).toHaveLength(SHARDS)
})
