// The servers of a cluster are slow, full or away for a while: what can be answered is, the rest is
// refused and nothing is lost.
import { jetstreamManager } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ClusterNode,
  type ClusterServers,
  SHARDS,
  spreadOver,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { ClusterLoad, usersOf } from '../support/cluster-load.ts'
import { connectTo } from '../support/nats-stores.ts'
import { SlowProxy } from '../support/slow-proxy.ts'
import { until } from '../support/until.ts'

let servers: ClusterServers

beforeAll(async () => {
  servers = await startClusterServers()
})
afterAll(() => servers.stop())

/** Above what a node holds by itself, and far below what would wait if nothing bounded it. */
const MEMORY_MIB_MAX = 500

interface Profile {
  source: 'live' | 'snapshot'
  features: { actions: number }
}

/** Resolves when every record is applied and saved. */
function settled(node: ClusterNode): Promise<boolean> {
  let seen = ''
  return until(
    async () => {
      const shards = await node.shards()
      seen = JSON.stringify(shards)
      return shards.every(({ head, applied, committed }) => applied === head && committed === head)
    },
    () => `not all is applied and saved: ${seen}`,
  )
}

function epochsOf(shards: readonly { shard: number; owner: string; epoch: number }[]): unknown {
  return shards.map(({ shard, owner, epoch }) => [shard, owner, epoch])
}

test('all of NATS away: snapshots answer, writes are refused, and afterwards all goes on without a takeover', async () => {
  const nodes = await new TestCluster(servers).startAll('a', 'b')
  const load = new ClusterLoad(nodes)
  await load.allStored(nodes[0]!)
  const before = await spreadOver(nodes)
  const [server] = servers.nats.servers
  await server!.kill()
  const user = usersOf(0, 1)[0]!
  const refusal = nodes[0]!.post('/v1/actions', { userId: user, action: 'view', id: 'x' })
  const seen = nodes.map(async (node) => {
    const { body } = await until(
      async () => {
        const answer = await node.get<Profile>(`/v1/profiles/${user}`)
        return answer.body.source === 'snapshot' && answer
      },
      () => `${node.name} does not answer with snapshots`,
    )
    expect(body.features.actions).toBeGreaterThan(0)
    const ready = await until(
      async () => {
        const answer = await node.get<{ detail: string }>('/readyz')
        return answer.status === 503 && answer
      },
      () => `${node.name} still says that it is ready`,
    )
    expect(ready.body.detail).toBe('the node does not hear itself over NATS')
    expect((await node.get('/healthz')).status).toBe(200)
    expect(await node.metric('pulseprint_ready')).toBe(0)
    const shards = await node.shards()
    expect(epochsOf(shards)).toEqual(epochsOf(before))
    expect(shards.map(({ head, lag }) => [head, lag])).toEqual(shards.map(() => [null, null]))
  })
  const [refused] = await Promise.all([refusal, ...seen])
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  await server!.start()
  for (const node of nodes) await node.ready()
  await load.goesOn()
  expect(epochsOf(await spreadOver(nodes))).toEqual(epochsOf(before))
  await load.stop()
  load.expectRefusalsOnly()
  // Refused, it was not taken, or it was and now counts once: told by its id.
  const [receipt] = await nodes[1]!.send([{ userId: user, action: 'view', id: 'x' }])
  expect(['accepted', 'duplicate']).toContain(receipt!.status)
}, 400_000)

test('Redis away: what is in memory is served and written, and saved when Redis is back', async () => {
  const nodes = await new TestCluster(servers).startAll('a', 'b')
  const load = new ClusterLoad(nodes)
  await load.allStored(nodes[0]!)
  const before = await spreadOver(nodes)
  await servers.redis.kill()
  await load.goesOn(1_000)
  const answers = await Promise.all(nodes.map((node) => node.get(`/v1/profiles/nobody`)))
  for (const { status, headers } of answers) {
    expect(status).toBe(503)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  for (const node of nodes) {
    await until(
      async () => (await node.metric('pulseprint_failed_saves_total'))! > 0,
      () => `${node.name} shows no save that failed`,
    )
  }
  await servers.redis.start()
  await load.goesOn()
  await load.stop()
  await settled(nodes[0]!)
  for (const { name, process } of nodes) {
    await until(
      () => process.output.includes('profiles are saved again'),
      () => `${name} does not say that it saves again`,
    )
    const said = process.output.match(/Redis is \w+|profiles .*saved( again)?/g)!
    // What is under way fails before or after its connection is known to be lost.
    expect(said.toSorted()).toEqual([
      'Redis is back',
      'Redis is lost',
      'profiles are saved again',
      'profiles could not be saved',
    ])
  }
  load.expectRefusalsOnly()
  await load.expectAllCounted(nodes)
  expect(epochsOf(await spreadOver(nodes))).toEqual(epochsOf(before))
}, 400_000)

test('a slow Redis: memory stays bounded, nothing but refusals, and it recovers by itself', async () => {
  const proxy = await SlowProxy.start(servers.redis.port)
  const settings = { PULSEPRINT_REDIS: `redis://127.0.0.1:${proxy.port}`, PULSEPRINT_HOT_USERS: '1000' }
  const node = await new TestCluster(servers, settings).start('a')
  await spreadOver([node])
  const load = new ClusterLoad([node])
  await load.goesOn()
  // Longer than a node waits for an answer of Redis.
  proxy.delayMs = 6_000
  // More users than may be hot, each of whom has to be asked for and saved.
  const users = Array.from({ length: 6_000 }, (_, number) => `crowd-${number}`)
  const statuses: number[] = []
  const send = async (part: readonly string[]) => {
    const body = part.map((userId) => ({ userId, action: 'view', id: userId }))
    await until(
      async () => {
        const { status, headers } = await node.post('/v1/actions', body)
        statuses.push(status)
        if (status !== 200)
          expect([[429, 503].includes(status), Number(headers.get('retry-after')) > 0]).toEqual([true, true])
        if (status !== 200) proxy.delayMs = 0
        return status === 200
      },
      () => `the crowd is not taken: ${statuses}`,
    )
  }
  const parts = Array.from({ length: 30 }, (_, part) => users.slice(part * 200, part * 200 + 200))
  const sent = Promise.all(parts.map(send))
  await until(
    async () => (await node.shards()).some(({ lag }) => lag! > 0),
    () => 'nothing ever waited',
  )
  await sent
  proxy.delayMs = 0
  await load.goesOn()
  await load.stop()
  await settled(node)
  load.expectRefusalsOnly()
  await load.expectAllCounted([node])
  const { body } = await node.post<{ profiles: Profile[] }>('/v1/profiles/query', {
    userIds: users.slice(0, 1_000),
  })
  expect(body.profiles.filter(({ features }) => features?.actions !== 1)).toEqual([])
  const peak = node.process.peakMemoryMiB()
  console.log(`a slow Redis: peak memory ${peak} MiB, answers ${JSON.stringify(countOf(statuses))}`)
  expect(statuses).toContain(503)
  expect(peak).toBeLessThan(MEMORY_MIB_MAX)
}, 400_000)

function countOf(statuses: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

test('a full JetStream refuses writes and not reads, loses nothing, and goes on once it may hold more', async () => {
  const settings = { PULSEPRINT_STREAM_BYTES: String(1024 ** 2), PULSEPRINT_LOG_STREAMS: '1' }
  const cluster = new TestCluster(servers, settings)
  const nodes = await cluster.startAll('a', 'b')
  const users = Array.from({ length: SHARDS }, (_, shard) => usersOf(shard, 1)[0]!)
  const properties = { pad: 'x'.repeat(8_000) }
  const counted = new Map(users.map((userId) => [userId, 0]))
  let refused: { code: string } | undefined
  for (let round = 0; !refused && round < 100; round++) {
    for (const [index, userId] of users.entries()) {
      const node = nodes[index % nodes.length]!
      const action = { userId, action: 'view', id: `${userId}-${round}`, properties }
      const { status, headers, body } = await node.post<{ code: string }>('/v1/actions', [action])
      if (status === 200) counted.set(userId, counted.get(userId)! + 1)
      else {
        expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'STORAGE_UNAVAILABLE', '5'])
        refused = body
      }
    }
  }
  expect(refused).toBeDefined()
  const expectCounted = async () => {
    for (const node of nodes) {
      for (const [userId, actions] of counted) {
        const { body } = await node.get<Profile>(`/v1/profiles/${userId}`)
        expect([userId, body.source, body.features.actions]).toEqual([userId, 'live', actions])
      }
    }
  }
  await expectCounted()
  const manager = await jetstreamManager(await connectTo(servers.nats))
  await manager.streams.update(`${cluster.prefix}-log-0`, { max_bytes: 8 * 1024 ** 2 })
  for (const userId of users) {
    await nodes[0]!.send([{ userId, action: 'view', id: `${userId}-more`, properties }])
    counted.set(userId, counted.get(userId)! + 1)
  }
  await expectCounted()
  expect(nodes.map(({ process }) => process.running)).toEqual([true, true])
}, 400_000)
