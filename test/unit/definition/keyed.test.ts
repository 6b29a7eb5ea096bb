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

test.each([
  ['aggregate: countBy', '`countBy` needs `by`: the key of each action'],
  ['aggregate: countBy, by: action, of: action', '`countBy` takes no `of`'],
  ['aggregate: count, by: action', 'Only `countBy` takes `by`'],
  ['aggregate: sum, of: properties.x, top: 3', 'Only `countBy` takes `top`'],
  ['aggregate: countBy, by: action, top: 65', '`top` is a whole number from 1 to 64'],
  ['aggregate: countBy, by: acton', 'Unknown variable: acton'],
])('%s is a mistake', (body, message) => {
  expect(problemsOf(feature(body)).map((problem) => problem.message)).toEqual([message])
})
