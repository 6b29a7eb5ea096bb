import { describe, expect, it, test } from 'vitest'
import { LIMITS } from '../../../src/limits.ts'
import { situation } from '../expressions/contexts.ts'
import { compiled } from './documents.ts'

const definition = compiled(`version: 1
features:
  invoices:    { aggregate: distinct, action: purchase, of: properties.invoice }
  spend_today: { aggregate: sum, action: purchase, of: properties.price, window: day }
  views_7d:    { aggregate: count, action: [view, click], window: 7d }
  anything:    { aggregate: count }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: active, on: [purchase, signup] }
    - { from: active, to: keen, when: "features.views_7d > 10" }
    - { from: "*", to: dormant, after: 60d }
rules:
  tenth:   { on: purchase, when: "features.invoices >= 10", emit: { stream: rewards, payload: { points: 100 } }, limit: 1 }
  basket:  { on: [purchase, gift], emit: { stream: rewards-2 }, cooldown: 30d }
  every:   { on: "*", badge: here }
  back:    { on: { stage: [active, keen] }, emit: { stream: messages }, limit: { times: 3, per: month }, badge: true }
  moved:   { on: { stage: "*" }, emit: { stream: messages } }
  cooled:  { when: "features.views_7d == 0 && stage == 'active'", emit: { stream: messages }, badge: false }
  alive:   { when: "features.anything > 0", badge: true }
streams: { rewards: {}, rewards-2: , messages: { description: to the user }, spare: {} }
`)
const rule = (name: string) => definition.rules.find((one) => one.name === name)!

it('rules keep the order of the document', () => {
  expect(definition.rules.map(({ name, index }) => `${index} ${name}`)).toEqual([
    '0 tenth',
    '1 basket',
    '2 every',
    '3 back',
    '4 moved',
    '5 cooled',
    '6 alive',
  ])
})

it('a rule waits for actions, for stages, or for its condition', () => {
  expect(rule('tenth').trigger).toEqual({ kind: 'action', actions: new Set(['purchase']) })
  expect(rule('basket').trigger).toEqual({ kind: 'action', actions: new Set(['purchase', 'gift']) })
  expect(rule('every').trigger).toEqual({ kind: 'action', actions: undefined })
  expect(rule('back').trigger).toEqual({ kind: 'stage', stages: new Set([1, 2]) })
  expect(rule('moved').trigger).toEqual({ kind: 'stage', stages: undefined })
  expect(rule('cooled').trigger).toEqual({ kind: 'condition' })
})

it('limits are for ever or within a window, a cooldown is a time', () => {
  expect(rule('tenth').limit).toEqual({ times: 1, window: { kind: 'lifetime' } })
  expect(rule('back').limit).toEqual({ times: 3, window: { kind: 'calendar', period: 'month' } })
  expect(rule('basket').limit).toBeUndefined()
  expect([rule('basket').cooldownMs, rule('tenth').cooldownMs]).toEqual([30 * 86_400_000, 0])
})

it('a badge is named after its rule or by itself', () => {
  expect(definition.rules.map(({ badge }) => badge)).toEqual([
    undefined,
    undefined,
    'here',
    'back',
    undefined,
    undefined,
    'alive',
  ])
})

it('there is a stream for every one that is declared or emitted to', () => {
  const declared = ['rewards', 'rewards-2', 'messages', 'spare']
  expect([...definition.streams]).toEqual(['actions', 'stages', ...declared])
  const bare = compiled(
    'version: 1\nfeatures: {}\nrules: { a: { on: "*", emit: { stream: x } }, b: { on: y, badge: true } }\n',
  )
  expect([...bare.streams]).toEqual(['actions', 'x'])
  expect(bare.rules.map(({ stream }) => stream)).toEqual(['x', undefined])
})

it('a rule remembers how it was declared', () => {
  expect(rule('tenth').declared).toEqual({
    on: 'purchase',
    when: 'features.invoices >= 10',
    emit: { stream: 'rewards', payload: { points: 100 } },
    limit: 1,
  })
  expect(rule('back').declared).toMatchObject({ on: { stage: ['active', 'keen'] } })
})

it('a condition knows the features it reads, each once, and whether it reads the stage', () => {
  expect(rule('tenth').when).toMatchObject({ features: [0], readsStage: false })
  expect(rule('cooled').when).toMatchObject({ features: [2], readsStage: true })
  const { rules } = compiled(`version: 1
features: { a: { aggregate: count }, b: { aggregate: count }, c: { aggregate: count } }
rules:
  r: { on: x, when: '[features.c].exists(n, n > 1) ? features["a"] > 1 : features.c == 0', badge: true }
`)
  expect(rules[0]!.when!.features.toSorted()).toEqual([0, 2])
})

describe('what an action can set off', () => {
  const names = (action: string) => {
    const { rules, conditions, moves, touchesGuards } = definition.triggersOf(action)
    const named = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(' ')
    return { rules: named(rules), conditions: named(conditions), moves, touchesGuards }
  }

  it('is known for each name in the document', () => {
    expect(names('purchase')).toEqual({
      rules: 'tenth basket every',
      conditions: 'alive',
      moves: true,
      touchesGuards: false,
    })
    expect(names('gift')).toMatchObject({ rules: 'basket every', moves: false })
    expect(names('click')).toEqual({
      rules: 'every',
      conditions: 'cooled alive',
      moves: false,
      touchesGuards: true,
    })
    expect(names('signup')).toMatchObject({ rules: 'every', moves: true })
  })

  it('is one shared answer for every other name', () => {
    expect(names('other')).toEqual({
      rules: 'every',
      conditions: 'alive',
      moves: false,
      touchesGuards: false,
    })
    expect(definition.triggersOf('__proto__')).toBe(definition.triggersOf('other'))
  })

  it('includes transitions on any action', () => {
    const any = compiled(`version: 1
features: {}
lifecycle: { initial: a, transitions: [{ from: a, to: b, on: "*" }] }
`)
    expect(any.triggersOf('whatever').moves).toBe(true)
  })

  it('is nothing where there are neither rules nor a lifecycle', () => {
    const none = { rules: [], conditions: [], moves: false, touchesGuards: false }
    expect(compiled('version: 1\nfeatures: {}\n').triggersOf('x')).toEqual(none)
  })
})

describe('a payload', () => {
  const payloadOf = (payload: string, on = 'purchase') => {
    const { rules } = compiled(`version: 1
features:
  spend: { aggregate: sum, of: properties.price }
  last_at: { aggregate: last, of: occurredAt }
lifecycle: { initial: new, transitions: [{ from: new, to: active, on: purchase }] }
rules:
  r: { on: ${on}, emit: { stream: s, payload: ${payload} } }
`)
    return rules[0]!.payload!
  }

  it('is JSON whose texts are CEL', () => {
    const payload = payloadOf(
      `{ points: 100, half: 0.5, yes: true, no: ~, text: "'thanks ' + userId", list: [1, "features.spend * 2", {}, []] }`,
    )
    expect(payload.evaluate(situation({ features: [12.5] }))).toEqual({
      points: 100,
      half: 0.5,
      yes: true,
      no: null,
      text: 'thanks u-17',
      list: [1, 25, {}, []],
    })
  })

  it('may be a single value', () => {
    expect(payloadOf('properties.price').evaluate(situation())).toBe(12.5)
    expect(payloadOf('7').evaluate(situation())).toBe(7)
  })

  it('has null for what has no value, and the rest as it is', () => {
    const payload = payloadOf(
      '{ a: features.spend + 1, b: properties.missing, c: 1 / properties.zero, d: features.spend, e: stage }',
    )
    expect(payload.evaluate(situation({ features: [null] }))).toEqual({
      a: null,
      b: null,
      c: null,
      d: null,
      e: 'active',
    })
  })

  it('shows instants as ISO 8601', () => {
    const payload = payloadOf(
      '{ at: features.last_at, when: occurredAt, later: features.last_at + duration("1h"), in: "[occurredAt]", me: profile }',
    )
    expect(payload.evaluate(situation({ features: [1, 1000] }))).toEqual({
      at: '1970-01-01T00:00:01.000Z',
      when: '2026-07-20T09:30:15.123Z',
      later: '1970-01-01T01:00:01.000Z',
      in: ['2026-07-20T09:30:15.123Z'],
      me: {
        userId: 'u-17',
        stage: { name: 'active', since: '2026-07-01T00:00:00.000Z' },
        badges: { gold: '2026-07-02T00:00:00.000Z' },
      },
    })
  })

  it('keeps names that objects keep for themselves as plain names', () => {
    const properties = JSON.parse('{"__proto__": {"a": 1}, "constructor": "x"}')
    const value = payloadOf('{ all: properties }').evaluate(situation({ properties })) as { all: object }
    expect(JSON.stringify(value)).toBe('{"all":{"__proto__":{"a":1},"constructor":"x"}}')
    expect(Object.getPrototypeOf(value.all)).toBe(Object.prototype)
  })

  describe('that would be longer than there is room for is null as a whole', () => {
    const text = (length: number) => 'x'.repeat(length)
    const of = (payload: string, properties: Record<string, unknown>) =>
      payloadOf(payload).evaluate(situation({ properties }))
    const most = LIMITS.payloadTextMax

    test.each([
      ['one text', 'properties.text', { text: text(most) }],
      [
        'many that fit alone',
        '[properties.text, properties.text, properties.text]',
        { text: text(most / 2) },
      ],
      [
        'a text that an expression repeats',
        '{ n: 1, t: properties.text + properties.text }',
        { text: text(5000) },
      ],
      ['a list', 'properties.list', { list: Array.from({ length: most }, () => 1) }],
      ['a map with long names', 'properties.map', { map: { [text(most)]: 1 } }],
      ['a map deep inside', '{ a: [{ b: properties }] }', { a: { b: [text(most)] } }],
    ])('%s', (_what, payload, properties) => {
      expect(of(payload, properties)).toBe(null)
    })

    it('and one that fits is there, also after one that did not', () => {
      const payload = payloadOf('{ t: properties.text }')
      const value = (length: number) => payload.evaluate(situation({ properties: { text: text(length) } }))
      expect(value(most)).toBe(null)
      expect(value(most - 20)).toEqual({ t: text(most - 20) })
    })
  })

  it('sees the user where a stage was entered', () => {
    const payload = payloadOf(
      '{ who: userId, stage: stage, since: profile.stage.since }',
      '{ stage: active }',
    )
    expect(payload.evaluate(situation({ action: undefined }))).toEqual({
      who: 'u-17',
      stage: 'active',
      since: '2026-07-01T00:00:00.000Z',
    })
  })

  it('takes the same node twice through an alias', () => {
    const payload = payloadOf('{ a: &x { n: 1 }, b: *x }')
    expect(payload.evaluate(situation())).toEqual({ a: { n: 1 }, b: { n: 1 } })
  })
})
