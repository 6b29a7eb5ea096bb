// Nodes of a cluster die, or stand still and wake up late, while clients write and read.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ClusterNode,
  type ClusterServers,
  spreadOver,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { ClusterLoad, usersOf } from '../support/cluster-load.ts'
import { until } from '../support/until.ts'

let servers: ClusterServers

beforeAll(async () => {
  servers = await startClusterServers()
})
afterAll(() => servers.stop())

interface Profile {
  source: 'live' | 'snapshot'
  features: { actions: number }
  asOf: { shard: number; epoch: number; sequence: number; at: string }
}

test('kill -9: reads are labelled until another node has the shard, writes wait for it, nothing is lost', async () => {
  const nodes = await new TestCluster(servers).startAll('a', 'b', 'c')
  const [killed, ...others] = nodes as [ClusterNode, ...ClusterNode[]]
  const [asked] = others
  const before = await spreadOver(nodes)
  const { shard, epoch } = before.find(({ owner }) => owner === killed.name)!
  const [userId] = usersOf(shard, 4).slice(3)
  await killed.send([{ userId, action: 'view' }])
  const load = new ClusterLoad(nodes)
  await load.allStored(asked!)

  load.resetLongest()
  const killedAt = performance.now()
  await killed.process.end('SIGKILL')
  load.nodes = others
  const path = `/v1/profiles/${userId}`
  const snapshot = await asked!.get<Profile>(path)
  expect(snapshot).toMatchObject({
    status: 200,
    body: { source: 'snapshot', features: { actions: 1 }, asOf: { shard, epoch } },
  })
  const age = Date.now() - Date.parse(snapshot.body.asOf.at)
  expect(age).toBeGreaterThanOrEqual(0)
  expect(age).toBeLessThan(30_000)
  const fresh = await asked!.get<{ code: string }>(`${path}?maxStaleness=0`)
  expect([fresh.status, fresh.body.code, fresh.headers.get('retry-after')]).toEqual([503, 'TOO_STALE', '1'])
  const live = await until(
    async () => {
      const answer = await asked!.get<Profile>(path)
      return answer.body.source === 'live' && answer
    },
    () => 'no other node has taken the shard over',
  )
  console.log(`live again ${Math.round(performance.now() - killedAt)} ms after kill -9`)
  expect(live.body.asOf.epoch).toBeGreaterThan(epoch)
  const after = await spreadOver(others)
  for (const status of after) {
    const moves = before[status.shard]!.owner === killed.name ? 1 : 0
    // On a busy machine a node that lives may seem dead, too.
    expect(status.epoch).toBeGreaterThanOrEqual(before[status.shard]!.epoch + moves)
  }
  await load.goesOn()
  await load.stop()
  console.log(`a node was killed: longest wait of a write per shard, ms: ${load.longestMs.join(' ')}`)
  expect(load.failures.filter(({ node, answer }) => node !== killed.name || answer !== undefined)).toEqual([])
  expect(load.mistakes).toEqual([])
  await load.expectAllCounted(others)
})

test('an owner that stands still for 5 s finds others in its place, writes nothing any more, and is given shards again', async () => {
  const nodes = await new TestCluster(servers).startAll('a', 'b')
  const [stopped, other] = nodes as [ClusterNode, ClusterNode]
  const load = new ClusterLoad(nodes)
  await load.allStored(other)
  const before = await spreadOver(nodes)
  stopped.process.signal('SIGSTOP')
  load.nodes = [other]
  await spreadOver([other])
  await load.goesOn()
  stopped.process.signal('SIGCONT')
  // Asked at once, while it may still think that the shards are its own.
  load.nodes = nodes
  const after = await spreadOver(nodes)
  await load.goesOn()
  await load.stop()
  for (const { shard, epoch, owner } of after) {
    // Away from the one that stood still, and to it when it is back.
    const moves = [before[shard]!.owner, owner].filter((name) => name === stopped.name).length
    expect(epoch).toBeGreaterThanOrEqual(before[shard]!.epoch + moves)
  }
  expect(load.mistakes).toEqual([])
  expect(load.failures).toEqual([])
  await load.expectAllCounted(nodes)
  expect(after.filter(({ owner }) => owner === stopped.name).length).toBe(after.length / 2)
  console.log(`fenced writes of the late owner: ${await stopped.metric('pulseprint_fenced_writes_total')}`)
})
