import { expect, test } from 'vitest'
import type { Engine } from '../../../src/engine.ts'
import { PulseprintError } from '../../../src/errors.ts'
import { LIMITS } from '../../../src/limits.ts'
import type { CountsParameters } from '../../../src/questions/counts.ts'
import type { ProfileParameters } from '../../../src/questions/profile.ts'
import type { TimelineParameters } from '../../../src/questions/timeline.ts'
import { NOW, postJson, testApi } from '../../support/api.ts'
import { stubEngine } from '../../support/stub-engine.ts'

const view = (userId: string) => ({
  userId,
  features: { purchases: 3 },
  asOf: { shard: 1, epoch: 1, sequence: 9, at: new Date(NOW).toISOString() },
  source: 'live' as const,
})

/** An engine that knows everybody but `nobody`, and remembers what it was asked. */
function knowing(asked: unknown[]): Engine {
  return stubEngine(
    {},
    {
      profile: async ({ user, ...options }: ProfileParameters) => {
        asked.push([user, options])
        if (options.at === 0) throw new PulseprintError('AT_TOO_EARLY', 'before the newest action')
        return user === 'nobody' ? undefined : view(user)
      },
      counts: async ({ user, ...options }: CountsParameters) => {
        asked.push([user, options])
        return {
          userId: user,
          action: null,
          timezone: 'UTC',
          coveredFrom: '2026-01-01',
          total: 0,
          counts: [],
        }
      },
      timeline: async ({ user, ...options }: TimelineParameters) => {
        asked.push([user, options])
        return { userId: user, actions: [], cursor: null }
      },
    },
  )
}

test('a profile is read with the fields, instant, sequence and staleness that were asked for', async () => {
  const asked: unknown[] = []
  const app = testApi(knowing(asked))
  const response = await app.inject(
    '/v1/profiles/u-17?fields=purchases,spend&at=2026-11-20T09:30:00Z&minSequence=9&maxStaleness=500',
  )
  expect([response.statusCode, response.json()]).toEqual([200, view('u-17')])
  await app.inject(`/v1/profiles/u-17?at=${NOW}`)
  expect(asked).toEqual([
    ['u-17', { fields: ['purchases', 'spend'], at: NOW, minSequence: 9, maxStalenessMs: 500 }],
    ['u-17', { at: NOW }],
  ])
})

test('a user id may hold any character once it is percent-encoded', async () => {
  const asked: unknown[] = []
  const app = testApi(knowing(asked))
  const ids = ['a/b', 'a b', 'ä€😀', '100%', 'a?b#c', 'anonymous:v-1', '名'.repeat(LIMITS.idLengthMax)]
  for (const id of ids) {
    const response = await app.inject(`/v1/profiles/${encodeURIComponent(id)}`)
    expect(response.json().userId).toBe(id)
  }
})

test('many profiles come in the order they were asked for, missing ones marked', async () => {
  const response = await postJson(testApi(knowing([])), '/v1/profiles/query', {
    userIds: ['b', 'nobody', 'a'],
  })
  expect(response.json()).toEqual({ profiles: [view('b'), { userId: 'nobody', found: false }, view('a')] })
})

test('in a query of many, an instant too early for one user fails that user only', async () => {
  const response = await postJson(testApi(knowing([])), '/v1/profiles/query', { userIds: ['a'], at: 0 })
  expect([response.statusCode, response.json()]).toMatchObject([
    200,
    { profiles: [{ userId: 'a', found: true, error: { code: 'AT_TOO_EARLY' } }] },
  ])
})

test('counts and timeline pass on what was asked for', async () => {
  const asked: unknown[] = []
  const app = testApi(knowing(asked))
  await app.inject('/v1/profiles/u/counts?action=view&from=2026-01-01&to=2026-02-01&by=day')
  await app.inject(`/v1/profiles/u/actions?action=view&from=${NOW}&to=2026-11-20T09:30:00Z&limit=5&cursor=c`)
  await app.inject('/v1/profiles/u/actions')
  expect(asked).toEqual([
    ['u', { action: 'view', from: '2026-01-01', to: '2026-02-01' }],
    ['u', { action: 'view', from: NOW, to: NOW, limit: 5, cursor: 'c' }],
    ['u', { limit: 20 }],
  ])
})

test.each([
  ['?at=yesterday', '?at'],
  ['?at=-1', '?at'],
  ['?fields=a,,b', '?fields'],
  ['?minSequence=x', '?minSequence'],
  ['?minSequence=-1', '?minSequence'],
  ['?minSequence=1.5', '?minSequence'],
  ['?field=a', '?field'],
  ['?fields=a&fields=b', '?fields'],
  ['?__proto__=a', undefined],
  ['/counts?from=2026-02-30', '?from'],
  ['/counts?by=hour', '?by'],
  ['/actions?limit=101', '?limit'],
  ['/actions?limit=0', '?limit'],
  ['/actions?from=x', '?from'],
])('the wrong parameter of %s is named', async (suffix, path) => {
  const response = await testApi(knowing([])).inject(`/v1/profiles/u${suffix}`)
  expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_REQUEST' })
  if (path) expect(response.json().path).toBe(path)
})

test.each([
  ['{"userIds":["a",5]}', '/userIds/1'],
  ['{"userIds":["a","b\\u0000"]}', '/userIds/1'],
  ['{"userIds":"a"}', '/userIds'],
  ['{"userIds":["a"],"at":"soon"}', '/at'],
  ['{"userIds":["a"],"at":1e400}', '/at'],
  ['{"userIds":["a"],"field":["x"]}', '/field'],
  ['{"userIds":["a"],"__proto__":{"x":1}}', '/__proto__'],
  [`{"userIds":${JSON.stringify(new Array(LIMITS.queryUsersMax + 1).fill('a'))}}`, '/userIds'],
])('the wrong part of the query %# is named', async (body, path) => {
  const response = await postJson(testApi(knowing([])), '/v1/profiles/query', body)
  expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_REQUEST', path })
})

test('a shard report, health and metrics are there for operators', async () => {
  const shard = { shard: 3, owner: 'n', epoch: 1, head: 9, applied: 7, committed: 5, lag: 2, hotUsers: 4 }
  let reason: string | undefined = 'replaying'
  const app = testApi(stubEngine({ notReady: () => reason }, { shardStatus: async () => [shard] }))
  expect((await app.inject('/v1/shards')).json()).toEqual({ shards: [shard], historyWaitMs: 3_600_000 })
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' })
  const notReady = await app.inject('/readyz')
  expect([notReady.json(), notReady.headers['retry-after']]).toMatchObject([
    { status: 503, code: 'NOT_READY', detail: 'replaying' },
    '2',
  ])
  reason = undefined
  expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready' })
  const metrics = await app.inject('/metrics')
  expect(metrics.headers['content-type']).toContain('text/plain')
  expect(metrics.body).toContain('pulseprint_shard_lag_records{shard="3"} 2')
  expect(metrics.body).toContain('pulseprint_hot_users 4')
  expect(metrics.body).toContain('nodejs_eventloop_lag_seconds')
  expect(metrics.body).toMatch(
    /pulseprint_http_request_duration_seconds_count\{method="GET",route="\/readyz",status="503"\} 1/,
  )
})
