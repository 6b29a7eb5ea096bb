import { describe, expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import type { Definition } from '../../../src/definition/definition.ts'
import type { Action } from '../../../src/model/action.ts'
import { explainRule } from '../../../src/profile/explain.ts'
import { Fold } from '../../../src/profile/fold.ts'
import { emptyProfile } from '../../../src/profile/profile.ts'
import type { Effect } from '../../../src/rules/effect.ts'
import { runStory } from '../../../src/stories/run-story.ts'

const HEAD = `version: 1
features: { n: { aggregate: count, action: buy }, week: { aggregate: count, action: buy, window: 7d } }
`

function compiled(text: string): Definition {
  const result = compileDefinition(text)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.definition
}

/** Runs the stories of the document; none must have a difference. */
function expectAllRight(text: string): void {
  const definition = compiled(text)
  expect(definition.tests.length).toBeGreaterThan(0)
  for (const story of definition.tests)
    expect([story.name, runStory(definition, story)]).toEqual([story.name, []])
}

describe('from and until', () => {
  test('a rule decides between them only, the end not included, by the clock of the user', () => {
    expectAllRight(`${HEAD}rules:
  summer: { on: buy, from: 2026-06-01T00:00:00Z, until: 2026-07-01T00:00:00Z, emit: { stream: s } }
tests:
  an action before, at, in, and after:
    - { at: 2026-05-31T23:59:59.999Z, action: buy, expect: { decisions: [] } }
    - { after: 1s, action: buy, expect: { decisions: [summer] } }
    - { at: 2026-06-30T23:59:59.999Z, action: buy, expect: { decisions: [summer] } }
    - { at: 2026-07-01T00:00:00Z, action: buy, expect: { decisions: [] } }
  a late action has the clock of the user:
    - { at: 2026-07-02T00:00:00Z, action: buy }
    - { late: 10d, action: buy, expect: { decisions: [] } }
`)
  })

  test('a condition that holds when the campaign begins decides then, and one that comes true later, then', () => {
    expectAllRight(`${HEAD}rules:
  active: { when: features.week >= 2, from: 2026-06-01T00:00:00Z, until: 2026-06-10T00:00:00Z, emit: { stream: s } }
tests:
  before it begins:
    - { at: 2026-05-30T12:00:00Z, action: buy }
    - { action: buy, expect: { decisions: [] } }
    - { at: 2026-05-31T23:59:59Z, expect: { decisions: [] } }
    - { at: 2026-06-01T00:00:00Z, expect: { decisions: [active] } }
    - { at: 2026-06-20T00:00:00Z, expect: { decisions: [] } }
  twice within it:
    - { at: 2026-06-01T12:00:00Z, action: buy }
    - { action: buy, expect: { decisions: [active] } }
    - { at: 2026-06-09T12:00:00Z, action: buy, expect: { decisions: [] } }
    - { action: buy, expect: { decisions: [active] } }
  after it:
    - { at: 2026-06-10T00:00:00Z, action: buy }
    - { action: buy, expect: { decisions: [] } }
`)
  })
})

describe('groups', () => {
  test('the first that fires is the only one, by priority and then in the order of the document', () => {
    expectAllRight(`${HEAD}rules:
  third: { on: buy, group: g, emit: { stream: s } }
  second: { on: buy, group: g, priority: 1, limit: 2, emit: { stream: s } }
  first: { on: buy, group: g, priority: 2, when: features.n == 2, emit: { stream: s } }
  other: { on: buy, emit: { stream: s } }
  lone: { on: buy, group: h, priority: -1, emit: { stream: s } }
tests:
  in turn:
    - { action: buy, expect: { decisions: [second, other, lone] } }
    - { action: buy, expect: { decisions: [first, other, lone] } }
    - { action: buy, expect: { decisions: [second, other, lone] } }
    - { action: buy, expect: { decisions: [third, other, lone] } }
`)
  })

  test('what an action and the stage that it leads to set off is one group', () => {
    expectAllRight(`${HEAD}lifecycle: { initial: a, transitions: [ { from: a, to: b, on: buy } ] }
rules:
  bought: { on: buy, group: g, emit: { stream: s } }
  entered: { on: { stage: b }, group: g, emit: { stream: s } }
tests:
  the stage comes first:
    - { action: buy, expect: { decisions: [entered], stage: b } }
    - { action: buy, expect: { decisions: [bought] } }
`)
  })
})

describe('audience and rearm', () => {
  test('a rule is for its audience only, asked when it would decide', () => {
    expectAllRight(`${HEAD}lifecycle: { initial: a, transitions: [ { from: a, to: b, on: join } ] }
rules:
  each: { on: buy, audience: "stage == 'b'", emit: { stream: s } }
  twice: { when: features.n >= 2, audience: "stage == 'b'", emit: { stream: s } }
tests:
  outside, then inside:
    - { action: buy, expect: { decisions: [] } }
    - { action: buy, expect: { decisions: [] } }
    - { action: join, expect: { stage: b, decisions: [] } }
    - { action: buy, expect: { decisions: [each] } }
  inside from the first:
    - { action: join }
    - { action: buy, expect: { decisions: [each] } }
    - { action: buy, expect: { decisions: [each, twice] } }
`)
  })

  test('a rule that must be rearmed stays silent around its bound, and is rearmed by time alone', () => {
    expectAllRight(`${HEAD}rules:
  busy: { when: features.week >= 3, rearm: features.week <= 1, emit: { stream: s } }
  plain: { when: features.week >= 3, emit: { stream: s } }
tests:
  around the bound:
    - { action: buy }
    - { after: 1d, action: buy }
    - { after: 1d, action: buy, expect: { decisions: [busy, plain] } }
    - { at: 2026-01-08T12:00:00Z, expect: { features: { week: 2 } } }
    - { action: buy, expect: { features: { week: 3 }, decisions: [plain] } }
    - { at: 2026-01-14T12:00:00Z, expect: { features: { week: 1 } } }
    - { action: buy }
    - { action: buy, expect: { features: { week: 3 }, decisions: [busy, plain] } }
`)
  })
})

describe('holdouts', () => {
  const TEXT = `${HEAD}rules: { gift: { on: buy, holdout: 10%, limit: 1, badge: true, emit: { stream: s, payload: { n: features.n } } } }\n`
  const definition = compiled(TEXT)
  const fold = new Fold(definition)
  const buy = (user: string, n: number) => {
    const profile = emptyProfile(definition)
    const effects: Effect[] = []
    for (let index = 0; index < n; index++) {
      const action: Action = { id: `${index}`, user, action: 'buy', occurredAt: 1e12 + index, properties: {} }
      fold.apply(profile, action, { shard: 0, sequence: index + 1, position: 0 }, 1e12, effects)
    }
    return { profile, effects }
  }

  test('the share is about what was asked, and a user is always on one side', () => {
    const users = Array.from({ length: 20_000 }, (_, index) => `u-${index}`)
    const kinds = users.map((user) => buy(user, 1).effects[0]!.kind)
    const held = kinds.filter((kind) => kind === 'holdout').length
    // 2,000 are expected, with a standard deviation of 42.
    expect(Math.abs(held - 2_000)).toBeLessThan(5 * 42)
    expect(users.slice(0, 500).map((user) => buy(user, 3).effects.map(({ kind }) => kind))).toEqual(
      kinds.slice(0, 500).map((kind) => [kind]),
    )
  })

  test('another rule holds out other users', () => {
    const other = compiled(TEXT.replace('gift', 'other'))
    const isHeld = (by: Definition, user: string) => {
      const effects: Effect[] = []
      const action: Action = { id: 'a', user, action: 'buy', occurredAt: 1e12, properties: {} }
      new Fold(by).apply(emptyProfile(by), action, { shard: 0, sequence: 1, position: 0 }, 1e12, effects)
      return effects[0]!.kind === 'holdout'
    }
    const users = Array.from({ length: 5_000 }, (_, index) => `u-${index}`)
    const both = users.filter((user) => isHeld(definition, user) && isHeld(other, user)).length
    // One in a hundred: 50, with a standard deviation of 7.
    expect(Math.abs(both - 50)).toBeLessThan(5 * 7)
  })

  test('what is not given has its payload on its own stream, no badge, and counts for the limit; explain says so', () => {
    const users = Array.from({ length: 100 }, (_, index) => `u-${index}`)
    const held = users.find((user) => buy(user, 1).effects[0]!.kind === 'holdout')!
    const { profile, effects } = buy(held, 2)
    expect(effects).toMatchObject([{ kind: 'holdout', rule: 'gift', payload: { n: 1 } }])
    expect(profile.standing!.badges).toEqual([])
    expect([...definition.streams]).toEqual(['actions', 'holdouts', 's'])
    const [rule] = definition.rules
    const explain = (of: typeof profile, user: string) =>
      explainRule(definition, user, of, of.standing!, rule!, 1e12 + 5).heldBack
    expect(explain(profile, held)).toBe('limit')
    expect(explain(emptyProfile(definition), held)).toBe('holdout')
    const given = users.find((user) => buy(user, 1).effects[0]!.kind === 'decision')!
    expect(explain(emptyProfile(definition), given)).toBeNull()
  })
})

test('mistakes of a campaign are named', () => {
  const messages = (body: string) => {
    const result = compileDefinition(`${HEAD}rules: { r: { on: buy, badge: true, ${body} } }\n`)
    return 'problems' in result ? result.problems.map(({ message }) => message) : []
  }
  expect(messages('rearm: features.n > 1')).toEqual(['`rearm` is only for a rule without `on`'])
  expect(messages('audience: properties.x == 1')).toHaveLength(1)
  expect(messages('from: tomorrow')).toEqual(['Not an instant: tomorrow'])
  expect(messages('from: 2026-02-01T00:00:00Z, until: 2026-01-01T00:00:00Z')).toEqual([
    '`until` is not after `from`',
  ])
  expect(messages('holdout: 100%')).toEqual(['Not a share: 100%'])
  expect(messages('holdout: 0.1')).toEqual(['`holdout` must be text'])
  expect(messages('priority: high')).toEqual(['`priority` is a whole number from -1000 to 1000'])
  expect(messages('group: "a b"')).toHaveLength(1)
  expect(messages('group: g, priority: 3, holdout: 2.5%, until: 2026-01-01T00:00:00Z')).toEqual([])
})
