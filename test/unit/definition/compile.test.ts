import { describe, expect, it } from 'vitest'
import { DEFAULT_DEFINITION } from '../../../src/definition/default.ts'
import { compiled } from './documents.ts'

const DAY = 86_400_000

it('a definition of nothing but a version and features has the defaults of the contract', () => {
  const definition = compiled('version: 1\nfeatures: {}\n')
  expect(definition).toMatchObject({
    timezone: 'UTC',
    latenessLimitMs: 400 * DAY,
    futureLimitMs: 3_600_000,
    idempotencyWindowMs: DAY,
    acceptsAny: true,
    features: [],
    series: [],
  })
})

it('declared actions carry the types of their properties', () => {
  const definition = compiled(`version: 1
actions:
  view:
  purchase: { object: product, properties: { price: number, at: { type: timestamp, required: true } } }
features: {}
`)
  expect(definition.acceptsAny).toBe(false)
  expect(definition.actionNames).toEqual(['purchase', 'view'])
  expect(definition.actions.get('purchase')).toEqual({
    name: 'purchase',
    object: 'product',
    properties: [
      { name: 'price', kind: 'number', required: false },
      { name: 'at', kind: 'timestamp', required: true },
    ],
  })
})

it('the built-in definition compiles to ten features', () => {
  expect(compiled(DEFAULT_DEFINITION).features.map(({ name }) => name)).toHaveLength(10)
})

it('the built-in lifecycle and rule make a customer of who buys, and reward the first purchase', () => {
  const { lifecycle, rules, streams } = compiled(DEFAULT_DEFINITION)
  expect(lifecycle?.stages).toEqual(['new', 'customer', 'dormant', 'returning'])
  expect(rules).toMatchObject([{ name: 'first_purchase', stream: 'rewards', badge: 'first_purchase' }])
  expect([...streams]).toEqual(['actions', 'stages', 'rewards'])
})

it('the built-in spend takes a missing quantity for one', () => {
  const { series, features } = compiled(DEFAULT_DEFINITION)
  const { of } = series[features.find(({ name }) => name === 'spend')!.series]!
  const action = { id: 'a', user: 'u', action: 'purchase', occurredAt: 0 }
  expect(of?.evaluate({ ...action, properties: { price: 5, quantity: 3 } })).toBe(15)
  expect(of?.evaluate({ ...action, properties: { price: 5 } })).toBe(5)
  expect(of?.evaluate({ ...action, properties: {} })).toBeUndefined()
})

describe('series', () => {
  const definition = compiled(`version: 1
timezone: Europe/London
features:
  views_7d:    { aggregate: count, action: [view, click], window: 7d }
  views_30d:   { aggregate: count, action: [click, view], window: 30d }
  views_month: { aggregate: count, action: [view, click, view], window: month }
  views_24h:   { aggregate: count, action: [view, click], window: 24h }
  views:       { aggregate: count, action: [view, click] }
  rich_7d:     { aggregate: count, action: [view, click], where: properties.price > 9, window: 7d }
  all_7d:      { aggregate: count, action: [view, "*"], window: 7d }
  last_at:     { aggregate: last, of: occurredAt }
  times:       { aggregate: distinct, of: occurredAt }
`)
  const seriesOf = (wanted: string) => definition.features.find(({ name }) => name === wanted)!.series

  it('are shared by features that differ in the window only, as long as the tiles are the same', () => {
    expect(seriesOf('views_30d')).toBe(seriesOf('views_7d'))
    expect(seriesOf('views_month')).toBe(seriesOf('views_7d'))
    const others = ['views_24h', 'views', 'rich_7d', 'all_7d'].map(seriesOf)
    expect(new Set([seriesOf('views_7d'), ...others]).size).toBe(5)
  })

  it('keep the tiles of their longest window', () => {
    const { firstTile } = definition.series[seriesOf('views_7d')]!
    const { calendar } = definition
    for (const at of [
      '2026-03-31T22:30:00Z',
      '2026-03-31T23:30:00Z',
      '2026-03-10T12:00:00Z',
      '2026-03-31T22:40:00Z',
    ]) {
      const newest = Date.parse(at)
      const starts = [30, 7].map((count) =>
        calendar.windowStart({ kind: 'rolling', unit: 'day', count }, newest),
      )
      starts.push(calendar.windowStart({ kind: 'calendar', period: 'month' }, newest))
      expect(firstTile(newest)).toBe(Math.min(...starts))
    }
    expect(definition.series[seriesOf('views')]!.firstTile(0)).toBe(Number.NEGATIVE_INFINITY)
  })

  it('are found by the name of an action', () => {
    const names = (action: string) => {
      const groups = definition.seriesOf(action)
      for (const { unit, indexes } of groups) {
        for (const index of indexes) expect(definition.series[index]!.unit).toBe(unit)
      }
      const indexes = groups.flatMap((group) => group.indexes)
      return indexes.toSorted((a, b) => a - b).map((index) => definition.series[index]!.key)
    }
    const forAny = definition.series.filter(({ actions }) => !actions).map(({ key }) => key)
    expect(names('view')).toHaveLength(definition.series.length)
    expect(names('other')).toEqual(forAny)
    expect(names('__proto__')).toEqual(forAny)
  })

  it('show a timestamp where the aggregate picks one', () => {
    expect(definition.features.find(({ name }) => name === 'last_at')?.type).toBe('timestamp')
    expect(definition.features.find(({ name }) => name === 'times')?.type).toBe('any')
  })

  it('take the actions of a feature through aliases', () => {
    const { features, series } = compiled(
      'version: 1\nfeatures:\n  a: { aggregate: count, action: &names [&one view, click] }\n' +
        '  b: { aggregate: count, action: *names }\n  c: { aggregate: count, action: [*one] }\n',
    )
    expect(features.map(({ declared }) => declared.action)).toEqual([
      ['view', 'click'],
      ['view', 'click'],
      ['view'],
    ])
    expect(series).toHaveLength(2)
  })

  it('remember how a feature was declared', () => {
    expect(definition.features.find(({ name }) => name === 'rich_7d')?.declared).toEqual({
      aggregate: 'count',
      action: ['view', 'click'],
      where: 'properties.price > 9',
      window: '7d',
    })
  })
})
