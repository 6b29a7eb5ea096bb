// The API in front of the real engine: what was written is what is read.
import { expect, test } from 'vitest'
import { SimulatedClock } from '../../src/runtime/clock.ts'
import { NOW, postJson } from '../support/api.ts'
import { servedEngine } from '../support/served-engine.ts'

const DEFINITION = `
version: 1
timezone: Europe/London
latenessLimit: 30d
actions:
  purchase: { object: product, properties: { price: number, quantity: integer } }
  "*": {}
features:
  purchases: { aggregate: count, action: purchase }
  spend: { aggregate: sum, action: purchase, of: "properties.price * properties.quantity" }
  purchases_7d: { aggregate: count, action: purchase, window: 7d }
  products: { aggregate: distinct, action: purchase, of: object.id }
  last_purchase_at: { aggregate: last, action: purchase, of: occurredAt }
`
const DAY = 86_400_000
const clock = () => new SimulatedClock(NOW)

const purchase = (id: string, daysAgo: number, price: number, quantity: number) => ({
  id,
  userId: 'u-17',
  action: 'purchase',
  occurredAt: NOW - daysAgo * DAY,
  object: { id: `p-${price}` },
  channel: 'web',
  properties: { price, quantity },
})

test('an acknowledged action is in the profile, counted once however often it is sent', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  const body = [purchase('a', 10, 2.5, 2), purchase('b', 1, 4, 1)]
  const first = await postJson(app, '/v1/actions?wait=applied&return=features', body)
  const features = {
    purchases: 2,
    spend: 9,
    purchases_7d: 1,
    products: 2,
    last_purchase_at: '2026-11-19T09:30:00.000Z',
  }
  expect(first.json().receipts).toMatchObject([
    { status: 'accepted', features },
    { status: 'accepted', features },
  ])
  const again = await postJson(app, '/v1/actions', body)
  expect([again.statusCode, again.json().receipts]).toMatchObject([
    200,
    [{ status: 'duplicate' }, { status: 'duplicate' }],
  ])
  const { shard, sequence } = first.json().receipts[0]
  const profile = await app.inject(`/v1/profiles/u-17?minSequence=${sequence}`)
  expect(profile.json()).toMatchObject({ userId: 'u-17', features, asOf: { shard }, source: 'live' })
})

test('a profile is read as of an instant, with the features that were asked for', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  await postJson(app, '/v1/actions', [purchase('a', 10, 2.5, 2), purchase('b', 1, 4, 1)])
  const later = await app.inject(`/v1/profiles/u-17?fields=purchases,purchases_7d&at=${NOW + 30 * DAY}`)
  expect(later.json().features).toEqual({ purchases: 2, purchases_7d: 0 })
  const early = await app.inject(`/v1/profiles/u-17?at=${NOW - 5 * DAY}`)
  expect(early.json()).toMatchObject({ status: 422, code: 'AT_TOO_EARLY' })
  const unknown = await app.inject('/v1/profiles/u-17?fields=purchases,nothing')
  expect(unknown.json()).toMatchObject({ status: 400, code: 'UNKNOWN_FEATURE' })
})

test('a late, a future, a mistyped and an unknowable action are each rejected with their code', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  await postJson(app, '/v1/actions', purchase('newest', 0, 1, 1))
  const response = await postJson(app, '/v1/actions', [
    purchase('late', 31, 1, 1),
    purchase('early', -1, 1, 1),
    { ...purchase('typed', 0, 1, 1), properties: { price: '12' } },
    { ...purchase('object', 0, 1, 1), object: { type: 'shop', id: 's' } },
    { action: 'purchase' },
  ])
  const errors = response
    .json()
    .receipts.map(({ error }: { error: { code: string; path: string } }) => [error.code, error.path])
  expect([response.statusCode, errors]).toEqual([
    422,
    [
      ['TOO_LATE', '/0/occurredAt'],
      ['IN_THE_FUTURE', '/1/occurredAt'],
      ['INVALID_ACTION', '/2/properties/price'],
      ['INVALID_ACTION', '/3/object/type'],
      ['INVALID_ACTION', '/4/userId'],
    ],
  ])
  expect((await app.inject('/v1/profiles/u-17?fields=purchases')).json().features).toEqual({ purchases: 1 })
})

test('an action the definition does not know is rejected where it declares no "*"', async () => {
  const { app } = await servedEngine(DEFINITION.replace('  "*": {}\n', ''), clock())
  const response = await postJson(app, '/v1/actions', { userId: 'u', action: 'dance' })
  expect(response.json().receipts[0].error).toMatchObject({ code: 'UNKNOWN_ACTION', path: '/0/action' })
})

test('a visitor who is not known is a profile of their own', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  await postJson(app, '/v1/actions', { anonymousId: 'v/1', action: 'purchase' })
  const profile = await app.inject(`/v1/profiles/${encodeURIComponent('anonymous:v/1')}?fields=purchases`)
  expect(profile.json()).toMatchObject({ userId: 'anonymous:v/1', features: { purchases: 1 } })
})

test('many profiles are read at once, in the order they were asked for', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  const users = Array.from({ length: 50 }, (_, index) => `user-${index}`)
  await postJson(
    app,
    '/v1/actions',
    users.map((userId) => ({ userId, action: 'purchase' })),
  )
  const response = await postJson(app, '/v1/profiles/query', {
    userIds: [...users, 'nobody'],
    fields: ['purchases'],
  })
  const { profiles } = response.json()
  expect(profiles.map(({ userId }: { userId: string }) => userId)).toEqual([...users, 'nobody'])
  expect(profiles[7].features).toEqual({ purchases: 1 })
  expect(profiles.at(-1)).toEqual({ userId: 'nobody', found: false })
})

test('counts are given per local day of the span that was asked for', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  const body = [
    purchase('a', 2, 1, 1),
    purchase('b', 2, 1, 1),
    purchase('c', 1, 1, 1),
    { userId: 'u-17', action: 'view' },
  ]
  await postJson(app, '/v1/actions', body)
  const counts = await app.inject(
    '/v1/profiles/u-17/counts?action=purchase&from=2026-11-18&to=2026-11-18&by=day',
  )
  expect(counts.json()).toMatchObject({
    action: 'purchase',
    timezone: 'Europe/London',
    total: 2,
    counts: [{ date: '2026-11-18', count: 2 }],
  })
  expect((await app.inject('/v1/profiles/u-17/counts')).json().total).toBe(4)
})

test('the timeline is paged newest first, without gap or repetition', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  const ids = Array.from({ length: 7 }, (_, index) => `a-${index}`)
  for (const id of ids) await postJson(app, '/v1/actions', purchase(id, 0, 2, 1))
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = (
      await app.inject(`/v1/profiles/u-17/actions?limit=3${cursor && `&cursor=${cursor}`}`)
    ).json()
    seen.push(...page.actions.map(({ id }: { id: string }) => id))
    if (page.cursor === null) break
    cursor = encodeURIComponent(page.cursor)
  }
  expect(seen).toEqual(ids.toReversed())
  const [newest] = (await app.inject('/v1/profiles/u-17/actions?limit=1')).json().actions
  expect(newest).toMatchObject({
    object: { type: 'product', id: 'p-2' },
    channel: 'web',
    properties: { price: 2, quantity: 1 },
  })
  expect((await app.inject('/v1/profiles/u-17/actions?cursor=nonsense')).json()).toMatchObject({
    code: 'INVALID_REQUEST',
  })
})

test('an unknown user is 404 on every route that reads one', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  for (const suffix of ['', '/counts', '/actions']) {
    expect((await app.inject(`/v1/profiles/nobody${suffix}`)).json()).toMatchObject({
      status: 404,
      code: 'UNKNOWN_USER',
    })
  }
})

test('a sequence the shard has not reached is 503 NOT_YET_APPLIED', async () => {
  const { app } = await servedEngine(DEFINITION)
  const response = await app.inject('/v1/profiles/u-17?minSequence=1000')
  expect([response.json().code, response.headers['retry-after']]).toEqual(['NOT_YET_APPLIED', '1'])
})

test('the shards show no lag once everything is applied', async () => {
  const { app } = await servedEngine(DEFINITION, clock())
  await postJson(app, '/v1/actions', purchase('a', 0, 1, 1))
  const { shards } = (await app.inject('/v1/shards')).json()
  expect(shards).toHaveLength(4)
  expect(shards.map(({ lag }: { lag: number }) => lag)).toEqual([0, 0, 0, 0])
  expect((await app.inject('/readyz')).statusCode).toBe(200)
})
