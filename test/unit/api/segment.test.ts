import { expect, test } from 'vitest'
import { segmentBatch, segmentCall, segmentPath } from '../../../api/front-doors/segment.ts'
import { UnreadableItem } from '../../../src/ingest/build-batch.ts'

const AT = Date.parse('2026-11-20T09:30:00.000Z')

/** What the mapping of one batch item keeps, without the fields that have no value. */
function mapped(item: object, envelope: object = {}): unknown {
  const [action] = segmentBatch({ batch: [item], ...envelope }, AT) as [object]
  return JSON.parse(JSON.stringify(action))
}

test('a track call becomes an action named after its event', () => {
  const call = {
    type: 'track',
    userId: 'u',
    event: 'Order Completed',
    messageId: 'm-1',
    properties: { total: 12.5 },
  }
  expect(mapped(call)).toEqual({
    id: 'm-1',
    userId: 'u',
    action: 'Order Completed',
    occurredAt: AT,
    properties: { total: 12.5 },
  })
})

test('other calls become actions named after their type', () => {
  expect(mapped({ type: 'identify', userId: 'u', traits: { plan: 'pro' } })).toMatchObject({
    action: 'identify',
    properties: { plan: 'pro' },
  })
  expect(mapped({ type: 'group', userId: 'u', groupId: 'g-1', traits: { size: 3 } })).toMatchObject({
    action: 'group',
    object: { type: 'group', id: 'g-1' },
    properties: { size: 3 },
  })
  expect(
    mapped({ type: 'page', userId: 'u', name: 'Home', category: 'Shop', properties: { a: 1 } }),
  ).toMatchObject({
    action: 'page',
    object: { type: 'page', id: 'Home' },
    properties: { category: 'Shop', a: 1 },
  })
  expect(mapped({ type: 'screen', anonymousId: 'a', name: 'Cart' })).toMatchObject({
    anonymousId: 'a',
    object: { type: 'screen', id: 'Cart' },
  })
  expect(mapped({ type: 'alias', userId: 'u', previousId: 'a-9' })).toMatchObject({
    properties: { previousId: 'a-9' },
  })
})

test('a client whose clock is wrong is corrected by the time between sending and arrival', () => {
  const item = { type: 'track', userId: 'u', event: 'e', timestamp: '2020-01-01T00:00:05.000Z' }
  const corrected = AT - 5_000
  expect(mapped(item, { sentAt: '2020-01-01T00:00:10.000Z' })).toMatchObject({ occurredAt: corrected })
  expect(mapped(item, { sentAt: 'yesterday' })).toMatchObject({
    occurredAt: Date.parse('2020-01-01T00:00:05.000Z'),
  })
})

test('a time that cannot be read is left for the check of actions to refuse', () => {
  expect(mapped({ type: 'track', userId: 'u', event: 'e', timestamp: 'soon' })).toMatchObject({
    occurredAt: 'soon',
  })
})

test('the channel is what the client names, else its kind of device, else its library; addresses are not taken', () => {
  const context = { ip: '192.0.2.7', device: { type: 'ios' }, library: { name: 'analytics-ios' } }
  const item = { type: 'track', userId: 'u', event: 'e', context }
  expect(mapped({ ...item, channel: 'server' })).toMatchObject({ channel: 'server' })
  expect(mapped(item)).toMatchObject({ channel: 'ios' })
  expect(mapped({ ...item, context: {} }, { context: { library: { name: 'lib' } } })).toMatchObject({
    channel: 'lib',
  })
  expect(JSON.stringify(mapped(item))).not.toContain('192.0.2.7')
})

test('empty ids are no ids, and numbers are ids', () => {
  expect(mapped({ type: 'track', userId: '', anonymousId: 'a', event: 'e' })).not.toHaveProperty('userId')
  expect(mapped({ type: 'track', userId: 17, event: 'e' })).toMatchObject({ userId: '17' })
})

test('what is no event is refused where it stands', () => {
  const items = segmentBatch(
    { batch: ['x', null, { type: 'dance' }, { type: 'track', userId: 'u', event: 'e' }] },
    AT,
  )
  expect(items?.map((item) => item instanceof UnreadableItem)).toEqual([true, true, true, false])
  expect(segmentCall([], 'track', AT)).toBeInstanceOf(UnreadableItem)
  expect(segmentBatch({ batch: {} }, AT)).toBeUndefined()
  expect(segmentBatch(null, AT)).toBeUndefined()
})

test('mistakes are reported in the words of the client', () => {
  expect(segmentPath('/3/occurredAt')).toBe('/3/timestamp')
  expect(segmentPath('/0/action')).toBe('/0/event')
  expect(segmentPath('/0/id')).toBe('/0/messageId')
  expect(segmentPath('/0/properties/id')).toBe('/0/properties/id')
})
