import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import type { Definition } from '../../../src/definition/definition.ts'
import { explainDerived } from '../../../src/profile/explain.ts'
import { Fold } from '../../../src/profile/fold.ts'
import { emptyProfile } from '../../../src/profile/profile.ts'
import { readFeatures, selectFeatures } from '../../../src/profile/read.ts'
import { runStory } from '../../../src/stories/run-story.ts'

const FEATURES = `version: 1
features:
  score: { derived: "features.level == 'gold' ? features.bought * 2.0 : 0.0" }
  bought: { aggregate: count, action: buy, window: 30d }
  spent: { aggregate: sum, action: buy, of: properties.price, window: 30d }
  mean: { derived: features.spent / features.bought }
  level: { derived: "features.spent >= 100 ? 'gold' : 'basic'" }
  dearest: { aggregate: max, action: buy, of: properties.price }
  near: { derived: "features.dearest > 50" }
`

function compiled(text: string): Definition {
  const result = compileDefinition(text)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.definition
}

function messagesOf(text: string): string[] {
  const result = compileDefinition(text)
  return 'problems' in result
    ? result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
    : []
}

test('derived features have the values of their expressions, wherever they stand, in the order of the document', () => {
  const definition = compiled(FEATURES)
  const profile = emptyProfile(definition)
  const at = Date.parse('2026-01-01T12:00Z')
  const read = () => readFeatures(definition, profile, selectFeatures(definition, undefined), at).features
  expect(Object.keys(read())).toEqual(['score', 'bought', 'spent', 'mean', 'level', 'dearest', 'near'])
  expect(read()).toMatchObject({ score: 0, mean: null, level: 'basic', near: null })
  const fold = new Fold(definition)
  for (const [index, price] of [40, 80].entries()) {
    const action = { id: `a${index}`, user: 'u', action: 'buy', occurredAt: at, properties: { price } }
    fold.apply(profile, action, { shard: 0, sequence: index + 1, position: 0 }, at, [])
  }
  expect(read()).toMatchObject({ score: 4, mean: 60, level: 'gold', near: true })
  const [score] = selectFeatures(definition, ['score'])
  expect(readFeatures(definition, profile, [score!], at).features).toEqual({ score: 4 })
  expect(explainDerived(definition, profile, definition.derived[0]!, at)).toMatchObject({
    value: 4,
    madeOf: { level: 'gold', bought: 2, spent: 120 },
    tiles: [],
  })
})

test('a condition sees a derived feature change with an action, and by time alone', () => {
  const definition = compiled(`${FEATURES}rules:
  golden: { when: "features.level == 'gold'", emit: { stream: s, payload: { score: features.score } } }
  basic_again: { when: "features.level == 'basic'", emit: { stream: s } }
tests:
  up and down:
    - { action: buy, properties: { price: 60 }, expect: { decisions: [basic_again] } }
    - { after: 10d, action: buy, properties: { price: 60 }, expect: { decisions: [ { rule: golden, payload: { score: 4 } } ] } }
    - { after: 19d, expect: { decisions: [], features: { level: gold } } }
    - { after: 1d, expect: { decisions: [basic_again], features: { level: basic, score: 0 } } }
`)
  expect(runStory(definition, definition.tests[0]!)).toEqual([])
})

test('features that are made of themselves, of what is not there, or of more than features are refused', () => {
  const document = (...features: string[]) =>
    `version: 1\nfeatures:\n${features.map((f) => `  ${f}\n`).join('')}`
  expect(messagesOf(document('a: { derived: features.b + 1 }', 'b: { derived: features.a }'))).toEqual([
    '3:17 `a` is made of itself',
    '4:17 `b` is made of itself',
  ])
  expect(messagesOf(document('a: { derived: features.a }'))).toEqual(['3:17 `a` is made of itself'])
  expect(messagesOf(document('a: { derived: features.c }'))).toEqual(['3:17 No feature is named c'])
  expect(messagesOf(document('a: { derived: properties.price }'))).toEqual([
    '3:17 A derived feature sees nothing but `features`',
  ])
  expect(messagesOf(document('a: { derived: features.b, window: 3d }', 'b: { aggregate: count }'))).toEqual([
    '3:29 `derived` takes no `window`',
  ])
})

test('a condition reads no finer window through a derived feature than by itself', () => {
  const text = `version: 1
features: { busy: { aggregate: count, window: 2000m }, level: { derived: features.busy > 3 } }
rules: { r: { when: features.level, emit: { stream: s } } }
`
  expect(messagesOf(text)).toEqual([expect.stringContaining('`features.busy` looks back 2000m')])
})

test('the formula behind a condition is part of the fingerprint, that of a shown feature is not', () => {
  const watched = `${FEATURES}rules: { r: { when: "features.level == 'gold'", emit: { stream: s } } }\n`
  const other = (text: string) => text.replace('spent >= 100', 'spent >= 101')
  expect(compiled(other(watched)).fingerprint).not.toBe(compiled(watched).fingerprint)
  expect(compiled(other(FEATURES)).fingerprint).toBe(compiled(FEATURES).fingerprint)
})
