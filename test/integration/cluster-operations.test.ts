// What operators see of a cluster: metrics, shards, readiness, and machines whose clocks jump.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Child } from '../support/child.ts'
import {
  type ClusterNode,
  type ClusterServers,
  SHARDS,
  spreadOver,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { ClusterLoad, usersOf } from '../support/cluster-load.ts'
import { definitionFile } from '../support/definition-file.ts'
import { Listener } from '../support/listener.ts'
import { PROGRAM } from '../support/program.ts'
import { SlowProxy } from '../support/slow-proxy.ts'
import { until } from '../support/until.ts'

let servers: ClusterServers
/** Lasts for those tests that change nothing of it. */
let cluster: TestCluster
let nodes: ClusterNode[]

beforeAll(async () => {
  servers = await startClusterServers()
  cluster = new TestCluster(servers, {}, 'file')
  nodes = await cluster.startAll('a', 'b')
})
afterAll(async () => {
  await cluster.stop()
  await servers.stop()
})

/** One user in each shard: whichever node runs it, it is written and read. */
const USERS = Array.from({ length: SHARDS }, (_, shard) => usersOf(shard, 1)[0]!)

const COUNTED = [
  'pulseprint_actions_total',
  'pulseprint_http_request_duration_seconds_count',
  'pulseprint_apply_lag_received_seconds_count',
  'pulseprint_apply_lag_occurred_seconds_count',
  'pulseprint_commit_duration_seconds_count',
]
const KNOWN = [
  ...COUNTED,
  'pulseprint_timer_lateness_seconds_count',
  'pulseprint_fenced_writes_total',
  'pulseprint_replays_total',
  'pulseprint_replayed_actions_total',
  'pulseprint_takeovers_total',
  'pulseprint_takeover_duration_seconds_count',
  'pulseprint_shard_lag_records',
  'pulseprint_shard_head',
  'pulseprint_shard_applied',
  'pulseprint_shard_committed',
  'pulseprint_shard_epoch',
  'pulseprint_shard_hot_users',
  'pulseprint_hot_users',
]

test('every node shows its own shards as metrics, and they move', async () => {
  const values = (node: ClusterNode, names: readonly string[]) =>
    Promise.all(names.map(async (name) => [name, await node.metric(name)] as const))
  const sendToAll = async (node: ClusterNode) => {
    await node.send(USERS.map((userId) => ({ userId, action: 'view' })))
  }
  for (const node of nodes) await sendToAll(node)
  for (const node of nodes) {
    const before = await values(node, COUNTED)
    await sendToAll(node)
    await until(
      async () => (await values(node, COUNTED)).every(([, now], index) => now! > before[index]![1]!),
      () => `not all of ${COUNTED} move`,
    )
    const shown = await values(node, KNOWN)
    expect(shown.filter(([, value]) => value === undefined)).toEqual([])
    expect(
      await values(node, ['pulseprint_members', 'pulseprint_ready', 'pulseprint_fenced_writes_total']),
    ).toEqual([
      ['pulseprint_members', 2],
      ['pulseprint_ready', 1],
      ['pulseprint_fenced_writes_total', 0],
    ])
  }
  const own = await Promise.all(nodes.map((node) => node.metric('pulseprint_hot_users')))
  expect(own).toEqual([SHARDS / 2, SHARDS / 2])
  const applied = await Promise.all(nodes.map((node) => node.metric('pulseprint_shard_applied')))
  const told = (await nodes[0]!.shards()).reduce((sum, shard) => sum + shard.applied, 0)
  expect(applied[0]! + applied[1]!).toBe(told)
})

test('`pulseprint shards` says the same of every shard, whichever node it asks', async () => {
  await nodes[0]!.send(USERS.map((userId) => ({ userId, action: 'view' })))
  const saved = await until(
    async () => {
      const shards = await nodes[0]!.shards()
      return shards.every(({ committed, head }) => head! > 0 && committed === head) && shards
    },
    () => 'the shards are not saved',
  )
  for (const { url } of nodes) {
    const command = new Child([PROGRAM, 'shards', '--url', url], {})
    expect(await command.ended(), command.output).toBe(0)
    const [head, , ...rows] = command.output.trim().split('\n')
    expect(head!.trim().split(/\s+/)).toEqual(
      'shard owner epoch head applied committed lag hotUsers'.split(' '),
    )
    expect(rows.map((row) => row.trim().split(/\s+/))).toEqual(
      saved.map(({ shard, owner, epoch, head, applied, committed, lag, hotUsers }) =>
        [shard, owner, epoch, head, applied, committed, lag, hotUsers].map(String),
      ),
    )
  }
  expect(saved.map(({ lag, hotUsers }) => [lag, hotUsers])).toEqual(USERS.map(() => [0, 1]))
  expect(new Set(saved.map(({ owner }) => owner))).toEqual(new Set(['a', 'b']))
})

test('a node that leaves says so on /readyz and answers all the same until it has handed over', async () => {
  const proxy = await SlowProxy.start(servers.redis.port)
  const own = new TestCluster(servers)
  const staying = await own.start('a')
  const leaving = await own.start('b', { PULSEPRINT_REDIS: `redis://127.0.0.1:${proxy.port}` })
  await spreadOver([staying, leaving])
  const load = new ClusterLoad([staying, leaving])
  await load.allStored(staying)
  // Each shard takes long enough to be seen.
  proxy.delayMs = 200
  leaving.process.signal('SIGTERM')
  const ready = await until(
    async () => {
      const answer = await leaving.get<{ detail: string }>('/readyz')
      return answer.status === 503 && answer
    },
    () => 'the leaving node says that it is ready',
  )
  expect(ready.body.detail).toBe('the node is leaving the cluster')
  expect((await staying.get('/readyz')).status).toBe(200)
  await load.goesOn(50)
  expect(leaving.process.running).toBe(true)
  expect(await leaving.process.ended()).toBe(0)
  load.nodes = [staying]
  await spreadOver([staying])
  await load.goesOn()
  await load.stop()
  expect(load.failures.filter(({ node, answer }) => node !== 'b' || answer !== undefined)).toEqual([])
  await load.expectAllCounted([staying])
})

const QUIET_MS = 3_000
const WITH_SILENCE = `version: 1
futureLimit: 1m
historyWait: 1s
features:
  actions: { aggregate: count }
  last_seen_at: { aggregate: last, of: occurredAt }
lifecycle:
  initial: active
  transitions:
    - { from: active, to: quiet, after: ${QUIET_MS / 1_000}s }
`

test('machines whose clocks jump by an hour while they run fire timers and date actions as if nothing was', async () => {
  const own = new TestCluster(servers, { PULSEPRINT_DEFINITION: definitionFile(WITH_SILENCE) })
  const hour = (sign: string) => ({ WALL_CLOCK_JUMP_MS: `${sign}3600000` })
  const machines = await Promise.all([
    own.start('ahead', hour('+'), './wall-clock.ts'),
    own.start('behind', hour('-'), './wall-clock.ts'),
  ])
  await spreadOver(machines)
  const stages = await Listener.open<{ userId: string; to: string; at: string }>(
    machines[0]!.url,
    '/v1/streams/stages',
  )
  // Half of the timers are set before the jump, half after it.
  const sentAt = new Map<string, { earliest: number; latest: number }>()
  const sendAll = async (suffix: string) => {
    for (const [index, user] of USERS.entries()) {
      const userId = `${user}${suffix}`
      const earliest = Date.now()
      await machines[index % 2]!.send([{ userId, action: 'view' }])
      sentAt.set(userId, { earliest, latest: Date.now() })
    }
  }
  await sendAll('-before')
  for (const { process } of machines) {
    process.signal('SIGUSR2')
    await until(
      () => process.output.includes('The wall clock has jumped.'),
      () => process.output,
    )
  }
  await sendAll('-after')
  await stages.has(2 * SHARDS)
  expect(stages.heard.map(({ data }) => data.to)).toEqual(new Array(2 * SHARDS).fill('quiet'))
  for (const { data, arrivedAt } of stages.heard) {
    const { earliest, latest } = sentAt.get(data.userId)!
    const dueAt = Date.parse(data.at)
    expect(dueAt).toBeGreaterThanOrEqual(earliest - CLOCKS_MS + QUIET_MS)
    expect(dueAt).toBeLessThanOrEqual(latest + CLOCKS_MS + QUIET_MS)
    expect(arrivedAt).toBeGreaterThanOrEqual(dueAt - CLOCKS_MS)
  }
  expect(new Set(stages.entries.map(({ userId }) => userId))).toEqual(new Set(sentAt.keys()))
  for (const [userId, { earliest, latest }] of sentAt) {
    const { body } = await machines[0]!.get<{ features: { last_seen_at: string } }>(`/v1/profiles/${userId}`)
    const seenAt = Date.parse(body.features.last_seen_at)
    expect(seenAt).toBeGreaterThanOrEqual(earliest - CLOCKS_MS)
    expect(seenAt).toBeLessThanOrEqual(latest + CLOCKS_MS)
  }
})

/** Whole milliseconds, and clocks of one machine that are set by hand of each other. */
const CLOCKS_MS = 50
