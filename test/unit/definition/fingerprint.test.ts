import { createHash } from 'node:crypto'
import { describe, expect, it, test } from 'vitest'
import { compiled } from './documents.ts'

/** Replaces in the document, and gives the fingerprint of what comes out. */
const changed = (document: string) => (from: string | RegExp, to: string) => {
  const text = document.replace(from, to)
  expect(text).not.toBe(document)
  return compiled(text).fingerprint
}

describe('the fingerprint of what is counted', () => {
  const BASE = `version: 1
timezone: Europe/London
actions:
  view: {}
  purchase: { properties: { price: number } }
features:
  a: { aggregate: count, action: [view, purchase], window: 30d }
  b: { aggregate: sum, of: properties.price }
`
  const fingerprint = changed(BASE)

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

it('is that of the parts that count where there is neither a lifecycle nor a rule', () => {
  const hash = (basis: unknown) => createHash('sha256').update(JSON.stringify(basis)).digest('hex')
  const day = 86_400_000
  expect(compiled('version: 1\nfeatures: {}\n').fingerprint).toBe(hash([2, 'UTC', 400 * day, day, [], []]))
  const waiting = 'version: 1\nhistoryWait: 5h\nfeatures: {}\nrules: {}\nstreams: { s: {} }\n'
  expect(compiled(waiting).fingerprint).toBe(compiled('version: 1\nfeatures: {}\n').fingerprint)
})

describe('the fingerprint of what reacts', () => {
  const BASE = `version: 1
features:
  buys: { aggregate: count, action: purchase, window: 30d }
  buys_90d: { aggregate: count, action: purchase, window: 90d }
  spend: { aggregate: sum, of: properties.price }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: active, on: [purchase, view] }
    - { from: active, to: loyal, when: "features.buys >= 10" }
    - { from: "*", to: dormant, after: 60d }
    - { from: [loyal, active], to: new, on: reset }
rules:
  first: { on: [purchase, view], when: "features.buys > 2", emit: { stream: s, payload: { points: 100 } }, limit: 1 }
  again: { on: { stage: active }, emit: { stream: s }, limit: { times: 3, per: 30d }, cooldown: 1h, badge: gold }
`
  const fingerprint = changed(BASE)

  test.each([
    ['what a payload says', 'points: 100', 'points: 200'],
    ['the stream that a rule emits to', 'emit: { stream: s }', 'emit: { stream: t }'],
    ['the declared streams', 'rules:', 'streams: { s: {}, t: {} }\nrules:'],
    ['the order of actions in `on`', '[purchase, view] }', '[view, purchase] }'],
    ['the order of stages in `from`', '[loyal, active]', '[active, loyal]'],
    ['a default written out', 'after: 60d', 'after: 60d, since: action'],
    [
      'a feature that no condition reads',
      '  spend:',
      '  buys_7d: { aggregate: count, action: purchase, window: 7d }\n  spend:',
    ],
  ])('stays as it is with %s', (_name, from, to) => {
    expect(fingerprint(from, to)).toBe(compiled(BASE).fingerprint)
  })

  test.each([
    ['the wait for history', 'features:', 'historyWait: 2h\nfeatures:'],
    ['a transition', '- { from: "*", to: dormant, after: 60d }', '- { from: new, to: dormant, after: 60d }'],
    ['the order of transitions', /( {4}- .*loyal, when.*\n)( {4}- .*dormant.*\n)/, '$2$1'],
    ['the name of a stage', /dormant/g, 'silent'],
    ['the end of a transition', 'to: dormant', 'to: active'],
    ['what sets a transition off', 'on: reset', 'on: "*"'],
    ['a condition', 'features.buys >= 10', 'features.buys >= 11'],
    ['a time', '60d', '61d'],
    ['silence that becomes dwell', 'after: 60d', 'after: 60d, since: stage'],
    ['the order of rules', /( {2}first: .*\n)( {2}again: .*\n)/, '$2$1'],
    ['the name of a rule', '  again:', '  renamed:'],
    ['the actions of a rule', 'first: { on: [purchase, view]', 'first: { on: "*"'],
    ['the stages of a rule', 'stage: active', 'stage: "*"'],
    ['the condition of a rule', 'features.buys > 2', 'features.buys > 3'],
    ['what a feature of a condition means', 'window: 30d }', 'window: 7d }'],
    ['a limit', 'limit: 1', 'limit: 2'],
    ['the window of a limit', 'per: 30d', 'per: month'],
    ['a cooldown', 'cooldown: 1h', 'cooldown: 2h'],
    ['a badge', 'badge: gold', 'badge: silver'],
  ])('changes with %s', (_name, from, to) => {
    expect(fingerprint(from, to)).not.toBe(compiled(BASE).fingerprint)
  })
})
