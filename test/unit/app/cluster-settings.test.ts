import { expect, test } from 'vitest'
import type { ClusterSettings } from '../../../src/app/settings/cluster-settings.ts'
import { readSettings, SettingsError } from '../../../src/app/settings/settings.ts'

const CLUSTER = { PULSEPRINT_NATS: 'nats://n1:4222', PULSEPRINT_REDIS: 'redis://r:6379' }

function clusterOf(env: Record<string, string>): ClusterSettings {
  return readSettings({ ...CLUSTER, ...env }).cluster!
}

function problemsOf(env: Record<string, string>): string[] {
  try {
    readSettings(env)
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.problems
    throw error
  }
}

test('without NATS and Redis there is no cluster; with one of them the other is missing', () => {
  expect(readSettings({}).cluster).toBeUndefined()
  const { PULSEPRINT_NATS, PULSEPRINT_REDIS } = CLUSTER
  expect(problemsOf({ PULSEPRINT_NATS })).toEqual([expect.stringMatching(/^PULSEPRINT_REDIS is missing/)])
  expect(problemsOf({ PULSEPRINT_REDIS })).toEqual([expect.stringMatching(/^PULSEPRINT_NATS is missing/)])
})

test('a node of a cluster has one thread, a name of its host and port, and as many replicas as servers allow', () => {
  const settings = readSettings({ ...CLUSTER, PULSEPRINT_PORT: '9000' })
  expect(settings.threads).toBe(1)
  expect(settings.cluster).toMatchObject({
    natsUrls: ['nats://n1:4222'],
    redisUrls: 'redis://r:6379',
    node: expect.stringMatching(/:9000$/),
    prefix: 'pulseprint',
    replicas: 1,
    streamBytesMax: -1,
    natsMonitorUrls: [],
  })
  expect(clusterOf({ PULSEPRINT_NATS: 'nats://a, nats://b , tls://c' })).toMatchObject({
    natsUrls: ['nats://a', 'nats://b', 'tls://c'],
    replicas: 3,
  })
  expect(clusterOf({ PULSEPRINT_REPLICAS: '5' }).replicas).toBe(5)
})

test.for([
  [1, 1],
  [8, 1],
  [16, 2],
  [17, 3],
  [1_024, 8],
] as const)('the logs of %i shards are spread over %i streams', ([shards, streams]) => {
  expect(clusterOf({ PULSEPRINT_SHARDS: String(shards) }).logStreams).toBe(streams)
})

test('there are no more streams than shards', () => {
  const problems = problemsOf({ ...CLUSTER, PULSEPRINT_SHARDS: '4', PULSEPRINT_LOG_STREAMS: '5' })
  expect(problems).toEqual([expect.stringContaining('from 1 to 4')])
})

test('no problem shows what may be a password', () => {
  const problems = problemsOf({
    PULSEPRINT_NATS: 'http://me:secret@host',
    PULSEPRINT_REDIS: 'me:secret@host',
    PULSEPRINT_NATS_MONITOR: 'secret',
  })
  expect(problems.length).toBe(3)
  expect(problems.join()).not.toContain('secret')
})

test('a password with a % that encodes nothing is refused, and not shown', () => {
  const problems = problemsOf({
    PULSEPRINT_NATS: 'nats://n1:4222,nats://me:secret50%@n2:4222',
    PULSEPRINT_REDIS: 'redis://:secret50%zz@r:6379',
  })
  expect(problems).toEqual([
    expect.stringMatching(/^PULSEPRINT_NATS .*percent-encode/),
    expect.stringMatching(/^PULSEPRINT_REDIS .*percent-encode/),
  ])
  expect(problems.join()).not.toContain('secret')
  expect(problemsOf({ ...CLUSTER, PULSEPRINT_REDIS: 'redis://:secret50%25@r:6379' })).toEqual([])
})

test.for(['http://me:secret@nats:8222', 'http://nats:8222,http://secret@nats:8222'])(
  'a monitoring address with user or password is refused, and not shown: %s',
  (urls) => {
    const problems = problemsOf({ ...CLUSTER, PULSEPRINT_NATS_MONITOR: urls })
    expect(problems).toEqual([expect.stringMatching(/^PULSEPRINT_NATS_MONITOR .*without user and password/)])
    expect(problems.join()).not.toContain('secret')
  },
)
