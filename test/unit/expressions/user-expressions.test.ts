import { describe, expect, it, test } from 'vitest'
import { ConditionCompiler, type Occasion } from '../../../src/expressions/expressions.ts'
import type { Value } from '../../../src/model/value.ts'
import { situation } from './contexts.ts'

const FEATURES = [
  { name: 'spend', type: 'any' },
  { name: 'visits', type: 'any' },
  { name: 'last_at', type: 'timestamp' },
  { name: 'latest', type: 'any' },
] as const
const STAGES = ['new', 'active', 'dormant']
const LAST_AT = Date.UTC(2026, 6, 20, 9)
const VALUES: Value[] = [129.4, 3, LAST_AT, { color: 'red', constructor: 'x', sizes: [41, 42] }]
const NOTHING: Value[] = [null, null, null, null]

function compile(source: string, occasion: Occasion = 'action') {
  const made = new ConditionCompiler(FEATURES, STAGES).condition(source, occasion)
  if ('problems' in made) throw new Error(JSON.stringify(made.problems))
  return made
}

const holds = (source: string, features = VALUES) => compile(source).holds(situation({ features }))

describe('a condition holds where it is true', () => {
  test.each([
    'features.visits == 3',
    'features.visits == 3.0',
    '3 == features.visits',
    'features.visits >= 3 && features.spend > 100',
    'features.visits * 2 == 6 && features.visits % 2 == 1',
    'features.visits in [1, 3]',
    'features.visits + size("ab") == 5',
    'features["visits"] < 4',
    'features.last_at < occurredAt',
    'occurredAt - features.last_at < duration("1h")',
    'features.last_at == timestamp("2026-07-20T09:00:00Z")',
    'features.last_at.getHours("Europe/London") == 10',
    'features.latest.color == "red"',
    'features.latest.sizes.exists(s, s == 42)',
    '[1, 2].exists(n, n + 1 == features.visits)',
    'stage == "active"',
    'stage in ["new", "active"]',
    'profile.stage.name == stage',
    'profile.stage.since == timestamp("2026-07-01T00:00:00Z")',
    'profile.userId == userId && userId == "u-17"',
    '"gold" in profile.badges && !("silver" in profile.badges)',
    'has(profile.badges.gold) && !has(profile.badges.silver)',
    'profile.badges.gold < occurredAt',
    'size(profile.badges) == 1',
    'action == "purchase" && channel == "ios" && place == null',
    'properties.price > 12 && properties.category == "shoes"',
    'has(properties.discount) ? false : true',
    'properties.price * features.visits == 37.5',
    'dyn(features.visits) == 3',
  ])('%s', (source) => {
    expect(holds(source)).toBe(true)
  })
})

describe('a feature without value is null', () => {
  test.each([
    'features.visits == null',
    'features.last_at == null',
    '!(features.visits != null)',
    'features.visits != 0',
    'features.visits == null || features.visits > 5',
    'features.visits != null ? false : features.spend == null',
    'type(features.visits) == null_type',
    '!(features.visits in [0, 1])',
    '[features.visits].exists(v, v == null)',
  ])('%s holds', (source) => {
    expect(holds(source, NOTHING)).toBe(true)
  })

  test.each([
    'features.visits > 5',
    'features.visits < 5',
    'features.visits <= 0',
    '!(features.visits > 5)',
    'features.visits == 0',
    'features.visits + 1 > 0',
    '-features.visits < 1',
    'features.last_at < occurredAt',
    'features.last_at.getHours() == 0',
    'features.latest.color != "red"',
    'stage == "active" && features.visits >= 0',
    'features.visits >= 0 ? true : true',
    'size([features.visits + 1]) == 1',
  ])('%s does not', (source) => {
    expect(holds(source, NOTHING)).toBe(false)
  })
})

describe('asking for missing features first changes no result', () => {
  /** Which of the four features have a value. */
  const MASKS = Array.from({ length: 16 }, (_, mask) =>
    VALUES.map((value, i) => (mask & (1 << i) ? value : null)),
  )

  test.each([
    'features.visits > 1 && features.spend < 200',
    'features.visits > 1 || features.spend < 200',
    '!(features.visits > 1 && features.spend > 200)',
    '!(features.visits > 5) && features.spend != null',
    'features.visits + 1 == 4 || features.last_at < occurredAt',
    'features.visits == null ? features.spend > 1 : features.visits > 1',
    '(features.visits > 1 ? features.spend : 0) > 100',
    '[features.visits, features.spend].exists(v, v == 3)',
    '[1, 2, 3].exists(n, n == features.visits || features.spend > n)',
    'features.last_at.getHours() == 9 || stage == "active"',
    'features.latest.sizes[0] > features.visits',
    '-features.visits < features.spend && (features.last_at < occurredAt || features.latest != null)',
    'size([features.visits]) == 1 && string(features.spend) != ""',
    'features.visits in [3, features.spend * 2]',
    '{"a": features.visits}.a == null || features.spend == null',
    'properties.price > features.visits && has(properties.zero)',
  ])('%s', (source) => {
    const plain = compile(source)
    // The library evaluates what stands in a branch by itself.
    const branch = compile(`[true].all(t, t) ? (${source}) : false`)
    for (const features of MASKS) {
      expect(plain.holds(situation({ features }))).toBe(branch.holds(situation({ features })))
    }
  })
})

describe('a condition without a value does not hold and never throws:', () => {
  test.each([
    'properties.missing > 1',
    'properties.category > 1',
    'profile.badges.silver < occurredAt',
    'features.latest.missing == 1',
    '1 / properties.zero == 1 / properties.zero && properties.missing == 1',
    'features.visits',
    'features.latest',
  ])('%s', (source) => {
    expect(holds(source)).toBe(false)
  })
})

test.each([
  ['either side of || may lack a value', 'features.spend > 1 || stage == "active"', true],
  ['also the second', 'stage == "active" || properties.missing > 1', true],
  ['where a branch is not taken, it may', 'stage == "active" ? true : features.spend > 1', true],
  ['a false side of && decides, whatever is around it', '!(stage == "new" && features.spend > 1)', true],
])('%s', (_name, source, expected) => {
  expect(holds(source, NOTHING)).toBe(expected)
})

it('a visitor known by an anonymous id has no user id', () => {
  const anonymous = situation({ user: 'anonymous:a-9', action: undefined })
  expect(compile('userId == null', 'state').holds(anonymous)).toBe(true)
  expect(compile('profile.userId == null', 'stage').holds(anonymous)).toBe(true)
})

it('only the features that are named are read', () => {
  const read = new Set<number>()
  const watched = {
    ...situation(),
    feature(index: number) {
      read.add(index)
      return 3
    },
  }
  expect(compile('features.visits > 1 && size([features.visits]) == 1').holds(watched)).toBe(true)
  expect(read).toEqual(new Set([1]))
})

describe('hostile keys of clients', () => {
  const hostile = JSON.parse(
    '{"constructor": "x", "__proto__": {"price": 7}, "toString": 1, "price": 2, "deep": {"constructor": null, "n": 4}}',
  ) as Record<string, Value>

  test.each([
    'properties.price == 2 && features.visits == 3',
    'properties.constructor == "x"',
    'properties["__proto__"].price == 7',
    'properties.deep.n + features.visits == 7',
    'features.latest.deep.n + properties.deep.n == 8',
    'features.latest.constructor == "x"',
    'features.latest["__proto__"].price == 7',
  ])('do not disturb %s', (source) => {
    const features = [1, 3, null, hostile]
    expect(compile(source).holds(situation({ features, properties: hostile }))).toBe(true)
  })

  test.each(['__proto__', 'constructor', 'toString', 'valueOf'])('nothing is reached by %s', (key) => {
    expect(holds(`has(properties.${key}) || "${key}" in properties`)).toBe(false)
    expect(holds(`profile.badges["${key}"] != null`)).toBe(false)
    expect(holds(`"${key}" in profile.badges`)).toBe(false)
    expect(holds(`features.latest.sizes["${key}"] != null`)).toBe(false)
  })
})

describe('what is not at hand is refused', () => {
  test.each([
    ['stage', 'properties.price > 1', '`properties` is only there where `on` names actions'],
    ['stage', 'occurredAt > features.last_at', '`occurredAt` is only there'],
    ['state', 'action == "x"', '`action` is only there'],
    ['state', '"gold" in profile.badges', '`profile` is only there with `on`'],
  ] as const)('at a %s: %s', (occasion, source, message) => {
    const made = new ConditionCompiler(FEATURES, STAGES).condition(source, occasion)
    const [problem] = 'problems' in made ? made.problems : []
    expect(problem?.message).toContain(message)
    expect(problem?.hint).toContain('Expressions see features, stage, userId')
  })
})

describe('what could run without bound is refused', () => {
  test.each([
    ['a regular expression', 'userId.matches("(a+)+$")', 'Regular expressions'],
    ['nested loops', '[1].exists(a, [1].exists(b, a == b))', 'inside another loop'],
    ['a long text', `"${'x'.repeat(5000)}" == userId`, 'longer than'],
  ])('%s', (_name, source, message) => {
    const made = new ConditionCompiler(FEATURES, STAGES).condition(source, 'action')
    expect('problems' in made && made.problems[0]?.message).toContain(message)
  })
})
