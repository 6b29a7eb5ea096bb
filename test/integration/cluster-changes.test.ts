// Nodes come and go while clients write and read through all of them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ClusterServers,
  SHARDS,
  spreadOver,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { ClusterLoad } from '../support/cluster-load.ts'
import { until } from '../support/until.ts'

let servers: ClusterServers

beforeAll(async () => {
  servers = await startClusterServers()
})
afterAll(() => servers.stop())

test('a node that joins is given its share, each shard moves at most once, and no request fails', async () => {
  const cluster = new TestCluster(servers)
  const nodes = await cluster.startAll('a', 'b')
  const load = new ClusterLoad(nodes)
  await load.goesOn()
  const before = await spreadOver(nodes)
  load.resetLongest()
  const joined = await cluster.start('c')
  load.nodes = [...nodes, joined]
  const after = await spreadOver(load.nodes)
  await load.goesOn()
  const moved = after.filter(({ owner }) => owner === 'c')
  for (const { shard, owner, epoch } of after) {
    expect([shard, epoch]).toEqual([shard, before[shard]!.epoch + (owner === 'c' ? 1 : 0)])
  }
  expect(moved.length).toBe(Math.floor(SHARDS / 3))
  await load.stop()
  console.log(`a node joined: longest wait of a write per shard, ms: ${load.longestMs.join(' ')}`)
  expect(load.failures).toEqual([])
  expect(load.mistakes).toEqual([])
  await load.expectAllCounted(load.nodes)
})

test('a node that is told to stop hands its shards over, without a failed request while it listens', async () => {
  const nodes = await new TestCluster(servers).startAll('a', 'b', 'c')
  const [leaving, ...staying] = nodes
  const load = new ClusterLoad(nodes)
  await load.goesOn()
  const before = await spreadOver(nodes)
  load.resetLongest()
  leaving!.process.signal('SIGTERM')
  expect(await leaving!.process.ended()).toBe(0)
  load.nodes = staying
  const after = await spreadOver(staying)
  for (const { shard, epoch } of after) {
    const moves = before[shard]!.owner === leaving!.name ? 1 : 0
    expect([shard, epoch]).toEqual([shard, before[shard]!.epoch + moves])
  }
  await load.goesOn()
  await load.stop()
  console.log(`a node left: longest wait of a write per shard, ms: ${load.longestMs.join(' ')}`)
  // Once it has closed its port nobody answers there; whatever it did answer was no failure.
  expect(load.failures.filter(({ node, answer }) => node !== 'a' || answer !== undefined)).toEqual([])
  expect(load.mistakes).toEqual([])
  await load.expectAllCounted(staying)
  const { output } = leaving!.process
  expect(output).toContain('Stopping.')
  expect(output).not.toMatch(/ error /)
})

test('the last node that stops saves all, and the next one goes on there', async () => {
  const cluster = new TestCluster(servers)
  const [alone] = await cluster.startAll('a')
  const load = new ClusterLoad([alone!])
  await load.goesOn()
  await load.stop()
  alone!.process.signal('SIGTERM')
  expect(await alone!.process.ended()).toBe(0)
  const [next] = await cluster.startAll('a')
  await load.expectAllCounted([next!])
  expect(await next!.metric('pulseprint_replayed_actions_total')).toBe(0)
  const drained = async () => (await next!.shards()).every(({ lag }) => lag === 0)
  await until(drained, () => 'the log is not drained')
})
