// Segment's own client, unmodified, pointed at the engine: what the profile says afterwards.
import { Analytics } from '@segment/analytics-node'
import { expect, test } from 'vitest'
import { servedEngine } from '../support/served-engine.ts'

const DEFINITION = `
version: 1
features:
  orders: { aggregate: count, action: Order Completed }
  revenue: { aggregate: sum, action: Order Completed, of: properties.total }
  plan: { aggregate: last, action: identify, of: properties.plan }
  pages: { aggregate: distinct, action: page, of: object.id }
  groups: { aggregate: distinct, action: group, of: object.id }
  aliases: { aggregate: last, action: alias, of: properties.previousId }
  channel: { aggregate: last, action: Order Completed, of: channel }
  last_at: { aggregate: last, action: Order Completed, of: occurredAt }
`

async function segmentClient() {
  const { app } = await servedEngine(DEFINITION)
  const host = await app.listen({ port: 0, host: '127.0.0.1' })
  const failures: unknown[] = []
  const analytics = new Analytics({ writeKey: 'any', host, flushAt: 100, maxRetries: 0 })
  analytics.on('error', (error) => failures.push(error))
  const features = async (user: string) => {
    // A Segment batch is answered once durable; applied comes right after.
    const profile = async () => (await app.inject(`/v1/profiles/${encodeURIComponent(user)}`)).json()
    await expect.poll(async () => (await profile()).features).toBeDefined()
    return (await profile()).features
  }
  return { app, analytics, failures, features }
}

test('every kind of call of the client ends up in the profile', async () => {
  const { analytics, failures, features } = await segmentClient()
  const userId = 'u-17'
  analytics.identify({ userId, traits: { plan: 'pro' } })
  analytics.track({
    userId,
    event: 'Order Completed',
    properties: { total: 12.5 },
    context: { device: { type: 'ios' } },
  })
  analytics.track({
    userId,
    event: 'Order Completed',
    properties: { total: 7.25 },
    context: { device: { type: 'ios' } },
  })
  analytics.page({ userId, name: 'Home' })
  analytics.page({ userId, name: 'Cart' })
  analytics.screen({ userId, name: 'Cart' })
  analytics.group({ userId, groupId: 'g-1' })
  analytics.alias({ userId, previousId: 'a-93' })
  analytics.page({ anonymousId: 'visitor', name: 'Home' })
  await analytics.closeAndFlush()
  expect(failures).toEqual([])
  expect(await features(userId)).toMatchObject({
    orders: 2,
    revenue: 19.75,
    plan: 'pro',
    pages: 2,
    groups: 1,
    aliases: 'a-93',
    channel: 'ios',
  })
  expect(await features('anonymous:visitor')).toMatchObject({ orders: 0, pages: 1 })
})

test('a message that the client sends twice counts once', async () => {
  const { analytics, failures, features } = await segmentClient()
  const order = { userId: 'u', event: 'Order Completed', messageId: 'm-1', properties: { total: 5 } }
  analytics.track(order)
  await analytics.flush()
  analytics.track(order)
  analytics.track({ ...order, messageId: 'm-2' })
  await analytics.closeAndFlush()
  expect(failures).toEqual([])
  await expect.poll(() => features('u')).toMatchObject({ orders: 2, revenue: 10 })
})

test('the time of the event is the time of the client, whose clock is corrected', async () => {
  const { app, features } = await segmentClient()
  const sentAt = Date.now() - 3_600_000
  const payload = {
    sentAt: new Date(sentAt).toISOString(),
    batch: [
      {
        type: 'track',
        userId: 'u',
        event: 'Order Completed',
        timestamp: new Date(sentAt - 60_000).toISOString(),
      },
    ],
  }
  const before = Date.now()
  expect((await app.inject({ method: 'POST', url: '/v1/batch', payload })).json()).toEqual({ success: true })
  const at = Date.parse((await features('u')).last_at)
  expect(at).toBeGreaterThanOrEqual(before - 60_000)
  expect(at).toBeLessThanOrEqual(Date.now() - 60_000)
})
