import { describe, expect, it, test } from 'vitest'
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
    properties: new Map([
      ['price', { kind: 'number', required: false }],
      ['at', { kind: 'timestamp', required: true }],
    ]),
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
  const { series, featureByName } = compiled(DEFAULT_DEFINITION)
  const { of } = series[featureByName.get('spend')!.series]!
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
  const seriesOf = (name: string) => definition.featureByName.get(name)!.series

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
    const names = (action: string) =>
      definition.seriesOf(action).map((index) => definition.series[index]!.key)
    const forAny = definition.series.filter(({ actions }) => !actions).map(({ key }) => key)
    expect(names('view')).toHaveLength(definition.series.length)
    expect(names('other')).toEqual(forAny)
    expect(names('__proto__')).toEqual(forAny)
  })

  it('show a timestamp where the aggregate picks one', () => {
    expect(definition.featureByName.get('last_at')?.type).toBe('timestamp')
    expect(definition.featureByName.get('times')?.type).toBe('any')
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
    expect(definition.featureByName.get('rich_7d')?.declared).toEqual({
      aggregate: 'count',
      action: ['view', 'click'],
      where: 'properties.price > 9',
      window: '7d',
    })
  })
})

describe('the fingerprint', () => {
  const BASE = `version: 1
timezone: Europe/London
actions:
  view: {}
  purchase: { properties: { price: number } }
features:
  a: { aggregate: count, action: [view, purchase], window: 30d }
  b: { aggregate: sum, of: properties.price }
`
  const fingerprint = (from: string | RegExp, to: string) => {
    const text = BASE.replace(from, to)
    expect(text).not.toBe(BASE)
    return compiled(text).fingerprint
  }

  test.each([
    ['a comment', 'version: 1', '# hello\nversion: 1'],
    ['the order of keys', 'aggregate: sum, of: properties.price', 'of: properties.price, aggregate: sum'],
    ['the order of actions in a feature', '[view, purchase]', '[purchase, view]'],
    ['the order of declared actions', /( {2}view: {}\n)( {2}purchase: .*\n)/, '$2$1'],
    ['the order of features', /( {2}a: .*\n)( {2}b: .*\n)/, '$2$1'],
    ['the type of a property', 'price: number', 'price: integer'],
    ['the name of a feature', '  a: {', '  renamed: {'],
    [
      'another feature of the same series',
      '  b:',
      '  c: { aggregate: count, action: [view, purchase], window: 7d }\n  b:',
    ],
    ['the limit of the future', 'timezone:', 'futureLimit: 2h\ntimezone:'],
    ['a default written out', 'timezone:', 'latenessLimit: 400d\ntimezone:'],
  ])('stays as it is with %s', (_name, from, to) => {
    expect(fingerprint(from, to)).toBe(compiled(BASE).fingerprint)
  })

  test.each([
    ['the time zone', 'Europe/London', 'Europe/Paris'],
    ['the lateness limit', 'timezone:', 'latenessLimit: 100d\ntimezone:'],
    ['the idempotency window', 'timezone:', 'idempotencyWindow: 48h\ntimezone:'],
    ['an aggregate', 'aggregate: sum', 'aggregate: max'],
    ['an expression', 'of: properties.price', 'of: properties.price * 2'],
    ['a condition', 'of: properties.price', 'of: properties.price, where: channel == "ios"'],
    ['a longer window', '30d', '31d'],
    ['the actions of a feature', '[view, purchase]', '[view]'],
    ['a declared action', '  view: {}', '  view: {}\n  click: {}'],
  ])('changes with %s', (_name, from, to) => {
    expect(fingerprint(from, to)).not.toBe(compiled(BASE).fingerprint)
  })
})
