import { expect, test } from 'vitest'
import { runStory } from '../../../src/stories/run-story.ts'
import { compiled, problemsOf } from './documents.ts'

const feature = (body: string) => `version: 1\nfeatures: { f: { ${body} } }\n`

test('a definition counts by key, shows the most frequent, and asks for one of them', () => {
  const definition = compiled(`version: 1
features:
  likes: { aggregate: countBy, action: view, by: object.type, top: 2, window: 7d }
  ever: { aggregate: countBy, by: action }
rules: { reader: { on: view, when: "features.likes['book'] == 2", badge: true } }
tests:
  what a user likes:
    - { action: view, object: { type: film, id: a }, expect: { decisions: [] } }
    - { action: view, object: { type: book, id: b } }
    - { action: view, object: { type: book, id: c }, expect: { decisions: [reader], features: { likes: { book: 2, film: 1 } } } }
    - { action: view, object: { type: game, id: d }, expect: { features: { likes: { book: 2, film: 1 } } } }
    - { after: 7d, action: rest, expect: { features: { likes: {}, ever: { view: 4, rest: 1 } } } }
`)
  expect(runStory(definition, definition.tests[0]!)).toEqual([])
  expect(compiled(feature('aggregate: countBy, by: action, top: 3')).series[0]!.key).toBe(
    compiled(feature('aggregate: countBy, by: action')).series[0]!.key,
  )
})

test('a definition keeps the newest different values, with their instants', () => {
  const definition = compiled(`version: 1
features: { seen: { aggregate: recent, action: view, of: object.id, top: 2, window: 3d } }
tests:
  newest first:
    - { at: 2026-01-01T10:00:00Z, action: view, object: a }
    - { after: 1h, action: view, object: b }
    - after: 1h
      action: view
      object: a
      expect: { features: { seen: [ { value: a, at: "2026-01-01T12:00:00.000Z" }, { value: b, at: "2026-01-01T11:00:00.000Z" } ] } }
    - after: 1d
      action: view
      object: c
      expect: { features: { seen: [ { value: c, at: "2026-01-02T12:00:00.000Z" }, { value: a, at: "2026-01-01T12:00:00.000Z" } ] } }
    - { after: 2d, expect: { features: { seen: [ { value: c, at: "2026-01-02T12:00:00.000Z" } ] } } }
`)
  expect(runStory(definition, definition.tests[0]!)).toEqual([])
})

test.each([
  ['aggregate: countBy', '`countBy` needs `by`: the key of each action'],
  ['aggregate: countBy, by: action, of: action', '`countBy` takes no `of`'],
  ['aggregate: count, by: action', 'Only `countBy` takes `by`'],
  ['aggregate: sum, of: properties.x, top: 3', 'Only `countBy` and `recent` take `top`'],
  ['aggregate: recent', '`recent` needs `of`: what to take from each action'],
  ['aggregate: recent, of: object.id, top: 51', '`top` is a whole number from 1 to 50'],
  ['aggregate: recent, of: object.id, by: action', 'Only `countBy` takes `by`'],
  ['aggregate: countBy, by: action, top: 65', '`top` is a whole number from 1 to 64'],
  ['aggregate: countBy, by: acton', 'Unknown variable: acton'],
])('%s is a mistake', (body, message) => {
  expect(problemsOf(feature(body)).map((problem) => problem.message)).toEqual([message])
})
