// A node that does not fit is refused when it starts: one clear line, an exit code, no stack and no
// password.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  type ClusterNode,
  type ClusterServers,
  SHARDS,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { definitionFile } from '../support/definition-file.ts'
import { freePort, startRedis } from '../support/servers.ts'

let servers: ClusterServers

beforeAll(async () => {
  servers = await startClusterServers()
})
afterAll(() => servers.stop())

const OTHER_DEFINITION = 'version: 1\nfeatures: { views: { aggregate: count, action: view } }\n'

/** What it says beside warnings and news of the other nodes. Resolves when it has ended. */
async function refusalOf(node: ClusterNode): Promise<string> {
  const code = await node.process.ended()
  const { output } = node.process
  const said = output.split('\n').filter((line) => line !== '' && !/^\S+Z (info|warn) /.test(line))
  expect([code, said.length], output).toEqual([1, 1])
  expect(output).not.toMatch(/^\s+at /m)
  return said[0]!
}

test('another number of shards or log streams than the log was made with is refused, also when nobody lives', async () => {
  const cluster = new TestCluster(servers)
  const node = await cluster.start('a')
  const shards = await cluster.spawn('b', { PULSEPRINT_SHARDS: String(SHARDS * 2) })
  const streams = await cluster.spawn('c', { PULSEPRINT_LOG_STREAMS: '2' })
  expect(await refusalOf(shards)).toMatch(/STORE_MISMATCH: .*shards/)
  expect(await refusalOf(streams)).toMatch(/STORE_MISMATCH: .*streams/)
  await node.process.end('SIGTERM')
  expect(await refusalOf(await cluster.spawn('b', { PULSEPRINT_SHARDS: '1' }))).toMatch(/STORE_MISMATCH/)
})

test('another definition is refused beside living nodes; once all have stopped it rebuilds the profiles', async () => {
  const cluster = new TestCluster(servers)
  const node = await cluster.start('a')
  const [receipt] = await node.send([{ userId: 'u', action: 'view' }])
  const other = { PULSEPRINT_DEFINITION: definitionFile(OTHER_DEFINITION) }
  expect(await refusalOf(await cluster.spawn('b', other))).toMatch(
    /DEFINITION_MISMATCH: node a runs another definition: stop all nodes/,
  )
  await node.send([{ userId: 'u', action: 'view' }])
  await node.process.end('SIGTERM')
  const [next, beside] = await Promise.all([cluster.start('b', other), cluster.start('c', other)])
  const rebuilding = [next, beside].filter(({ process }) =>
    process.output.includes('all profiles are rebuilt from the log'),
  )
  expect(rebuilding.length).toBe(1)
  const { body } = await next.get<{ features: object }>(`/v1/profiles/u?minSequence=${receipt!.sequence}`)
  expect(body.features).toEqual({ views: 2 })
})

test('a name that another living node has is refused, and both started at once are one', async () => {
  const cluster = new TestCluster(servers)
  const twins = await Promise.all([cluster.spawn('twin'), cluster.spawn('twin')])
  const refused = await Promise.race(twins.map(async (twin) => twin.process.ended().then(() => twin)))
  expect(await refusalOf(refused)).toMatch(/NODE_NAME_IN_USE: a node named twin lives already/)
  const other = twins.find((twin) => twin !== refused)!
  await other.ready()
  expect(await refusalOf(await cluster.spawn('twin'))).toMatch(/NODE_NAME_IN_USE/)
  expect((await other.get('/readyz')).status).toBe(200)
  // The name is free as soon as its node has gone.
  await other.process.end('SIGTERM')
  await cluster.start('twin')
})

test('a clock that is an hour off is refused', async () => {
  const cluster = new TestCluster(servers)
  for (const [ahead, words] of [
    [3_600_000, 'ahead of'],
    [-3_600_000, 'behind'],
  ] as const) {
    const node = await cluster.spawn('late', { WALL_CLOCK_MS: String(ahead) }, './wall-clock.ts')
    expect(await refusalOf(node)).toMatch(
      new RegExp(`CLOCK_SKEW: this machine's clock is 3\\d\\d\\d\\.\\d s ${words}`),
    )
  }
})

test('servers that are not there, or do not know the password, are told of without the password', async () => {
  const nowhere = await freePort()
  const guarded = await startRedis({ requirepass: 'open-sesame' })
  onTestFinished(() => guarded.stop())
  const cluster = new TestCluster(servers)
  const nats = (url: string) => ({ PULSEPRINT_NATS: url })
  const redis = (url: string) => ({ PULSEPRINT_REDIS: url })
  const nodes = [
    await cluster.spawn('a', nats(`nats://me:pass-secret@127.0.0.1:${nowhere}`)),
    await cluster.spawn('b', redis(`redis://me:pass-secret@127.0.0.1:${nowhere}`)),
    await cluster.spawn('c', redis(`redis://:pass-secret@127.0.0.1:${guarded.port}`)),
    await cluster.spawn('d', redis(`redis://127.0.0.1:${guarded.port}`)),
  ]
  const [noNats, noRedis, wrong, none] = await Promise.all(nodes.map(refusalOf))
  expect(noNats).toMatch(/STORAGE_UNAVAILABLE: .*NATS/)
  expect(noRedis).toMatch(/STORAGE_UNAVAILABLE: .*Redis/)
  expect(wrong).toMatch(/STORAGE_UNAVAILABLE: .*Redis.*(WRONGPASS|password)/)
  expect(none).toMatch(/STORAGE_UNAVAILABLE: .*Redis.*NOAUTH/)
  for (const node of nodes) expect(node.process.output).not.toContain('secret')
})

test('all problems of the settings are told of at once, without what may be secret', async () => {
  const node = await new TestCluster(servers).spawn('no spaces please', {
    PULSEPRINT_NATS: 'http://me:pass-secret@127.0.0.1',
    PULSEPRINT_REDIS: 'localhost:6379',
    PULSEPRINT_PREFIX: 'a.b',
    PULSEPRINT_REPLICAS: '9',
    PULSEPRINT_LOG_STREAMS: '99',
    PULSEPRINT_STREAM_BYTES: '10',
    PULSEPRINT_NATS_MONITOR: 'nowhere',
    PULSEPRINT_THREADS: '2',
    PULSEPRINT_LOG_AGE: '5 days',
  })
  expect(await node.process.ended()).toBe(2)
  const { output } = node.process
  const names = [
    'NATS',
    'REDIS',
    'PREFIX',
    'NODE',
    'NATS_MONITOR',
    'REPLICAS',
    'LOG_STREAMS',
    'STREAM_BYTES',
    'THREADS',
    'LOG_AGE',
  ]
  expect(
    output
      .trim()
      .split('\n')
      .map((line) => /PULSEPRINT_(\w+)/.exec(line)?.[1])
      .toSorted(),
  ).toEqual(names.toSorted())
  expect(output).not.toContain('secret')
})
