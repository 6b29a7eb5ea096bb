import { describe, expect, it, test } from 'vitest'
import { BOUNDS } from '../../../src/definition/bounds.ts'
import { problemsOf } from './documents.ts'

const HEAD = 'version: 1\n'
/** One feature on line 3, from column 3. */
const feature = (body: string) => `${HEAD}features:\n  f: ${body}\n`
const shop = (body: string) => `${HEAD}actions: { purchase: {} }\nfeatures:\n  f: ${body}\n`
const action = (body: string) => `${HEAD}features: {}\nactions:\n  purchase: ${body}\n`

/** name, document, line:column, part of the message, part of the hint */
const BROKEN: [string, string, string, string, string][] = [
  ['an empty document', '', '1:1', 'The definition must be a map', 'version'],
  ['a list', '- 1\n', '1:1', 'The definition must be a map', 'version'],
  ['no version', 'features: {}\n', '1:1', '`version` is missing', 'version: 1'],
  ['another version', 'version: 2\nfeatures: {}\n', '1:10', 'version', 'version: 1'],
  ['a version that is text', 'version: "1"\nfeatures: {}\n', '1:10', 'version', 'version: 1'],
  ['no features', HEAD, '1:1', '`features` is missing', 'features: {}'],
  ['empty features', `${HEAD}features:\n`, '2:1', '`features` must be a map', '{}'],
  ['an unknown section', `${HEAD}features: {}\nfeatrues: {}\n`, '3:1', 'Unknown key: featrues', '`features`'],
  ['a key given twice', `${HEAD}features: {}\nfeatures: {}\n`, '3:1', 'Map keys must be unique', 'once'],
  ['a bracket left open', `${HEAD}features: { a: 1\n`, '3:1', 'Flow map', 'brackets'],
  ['tabs', `${HEAD}features:\n\tf: {}\n`, '3:1', 'YAML', 'spaces'],
  ['two documents', `${HEAD}features: {}\n---\na: 1\n`, '3:1', 'YAML', 'one document'],
  ['an unknown tag', `${HEAD}features: !foo {}\n`, '2:11', 'Unresolved tag', '!tag'],
  ['an unquoted star', shop('{ aggregate: count, action: * }'), '4:34', 'YAML', '"*"'],
  ['an unknown zone', `${HEAD}timezone: Europe/Londn\nfeatures: {}\n`, '2:11', 'time zone', 'Europe/London'],
  ['a zone that is no text', `${HEAD}timezone: 5\nfeatures: {}\n`, '2:11', 'must be text', 'IANA'],
  ['a duration without unit', `${HEAD}latenessLimit: 400\nfeatures: {}\n`, '2:16', 'must be text', '30d'],
  ['an unknown duration', `${HEAD}futureLimit: 1 hour\nfeatures: {}\n`, '2:14', 'Not a duration', '24h'],
  ['no duration', `${HEAD}idempotencyWindow: 0h\nfeatures: {}\n`, '2:20', 'Not a duration', '24h'],
  [
    'a reserved action',
    `${HEAD}features: {}\nactions: { __proto__: {} }\n`,
    '3:12',
    'Reserved name',
    'another',
  ],
  ['an unknown action key', action('{ propertys: {} }'), '4:15', 'Unknown key', '`properties`'],
  ['an object type that is no text', action('{ object: 7 }'), '4:23', 'must be text', 'product'],
  ['an unknown property type', action('{ properties: { a: strin } }'), '4:32', 'property type', '`string`'],
  [
    'a property without type',
    action('{ properties: { a: { required: true } } }'),
    '4:29',
    'no type',
    'type: number',
  ],
  [
    'required that is no boolean',
    action('{ properties: { a: { type: map, required: 1 } } }'),
    '4:55',
    'true or false',
    'required: true',
  ],
  [
    'keys under the star',
    `${HEAD}features: {}\nactions: { "*": { object: a } }\n`,
    '3:17',
    'takes no keys',
    '{}',
  ],
  [
    'an empty action name',
    `${HEAD}features: {}\nactions: { "": {} }\n`,
    '3:12',
    'must not be empty',
    'purchase',
  ],
  [
    'a feature name with a dash',
    `${HEAD}features:\n  spend-30d: { aggregate: count }\n`,
    '3:3',
    'Not a feature name',
    'spend_30d',
  ],
  [
    'a feature name that starts with a digit',
    `${HEAD}features:\n  7d: { aggregate: count }\n`,
    '3:3',
    'Not a feature',
    'digit',
  ],
  [
    'a hostile feature name',
    `${HEAD}features:\n  constructor: { aggregate: count }\n`,
    '3:3',
    'Reserved',
    'another',
  ],
  ['a feature that is text', feature('count'), '3:6', 'must be a map', 'aggregate'],
  [
    'an unknown feature key',
    feature('{ aggregate: count, filter: "true" }'),
    '3:26',
    'Unknown key: filter',
    'where',
  ],
  ['no aggregate', feature('{ window: 30d }'), '3:3', 'no `aggregate`', 'distinct'],
  ['an unknown aggregate', feature('{ aggregate: cuont }'), '3:19', 'Unknown aggregate', 'aggregate: count'],
  ['a far aggregate', feature('{ aggregate: percentile }'), '3:19', 'Unknown aggregate', 'count, sum'],
  ['a sum of nothing', feature('{ aggregate: sum }'), '3:3', 'needs `of`', 'properties.price'],
  ['a sum of text', feature('{ aggregate: sum, of: action }'), '3:28', 'needs numbers', 'count'],
  ['an average of times', feature('{ aggregate: avg, of: occurredAt }'), '3:28', 'timestamp', 'last'],
  ['an unknown window', feature('{ aggregate: count, window: 30 days }'), '3:34', 'Unknown window', '30d'],
  ['a misspelt window', feature('{ aggregate: count, window: mnoth }'), '3:34', 'Unknown window', '`month`'],
  ['a window in seconds', feature('{ aggregate: count, window: 90s }'), '3:34', 'Unknown window', '15m'],
  ['a window of too many days', feature('{ aggregate: count, window: 801d }'), '3:34', 'too long', '800d'],
  [
    'a window of too many hours',
    feature('{ aggregate: count, window: 20001h }'),
    '3:34',
    'too long',
    '20000h',
  ],
  ['a window of ages', feature('{ aggregate: count, window: 999999999999d }'), '3:34', 'too long', '800d'],
  [
    'an undeclared action',
    shop('{ aggregate: count, action: purchas }'),
    '4:34',
    'No declared action',
    '`purchase`',
  ],
  [
    'an undeclared action in a list',
    shop('{ aggregate: count, action: [purchase, view] }'),
    '4:45',
    'named view',
    'Declare',
  ],
  ['an empty list of actions', shop('{ aggregate: count, action: [] }'), '4:34', 'empty', '"*"'],
  ['a number among actions', shop('{ aggregate: count, action: [1] }'), '4:35', 'must be text', 'any'],
  ['an expression that is a number', feature('{ aggregate: sum, of: 5 }'), '3:28', 'must be text', 'CEL'],
  [
    'CEL cut short',
    feature('{ aggregate: sum, of: properties.price * }'),
    '3:46',
    'CEL: Unexpected token',
    'too early',
  ],
  ['CEL syntax in quotes', feature(`{ aggregate: sum, of: "properties.a ** 2" }`), '3:43', 'CEL', ''],
  [
    'an unknown variable',
    feature('{ aggregate: sum, of: 2 * price }'),
    '3:32',
    'Unknown variable: price',
    'properties.price',
  ],
  [
    'a field objects do not have',
    feature('{ aggregate: last, of: object.name }'),
    '3:29',
    'no field `name`',
    'object.id',
  ],
  [
    'types that do not mix',
    feature('{ aggregate: last, of: action + 1 }'),
    '3:29',
    'string + int',
    'string(',
  ],
  [
    'an unknown function',
    feature('{ aggregate: last, of: lower(action) }'),
    '3:29',
    "overload for 'lower(string)'",
    'function',
  ],
  [
    'a condition that is a number',
    feature('{ aggregate: count, where: 1 + 1 }'),
    '3:33',
    'true or false',
    'properties.price > 10',
  ],
  [
    'a feature of a duration',
    feature('{ aggregate: last, of: occurredAt - occurredAt }'),
    '3:29',
    'duration',
    'getSeconds',
  ],
  [
    'an unknown zone in CEL',
    feature(`{ aggregate: last, of: 'occurredAt.getHours("Mars")' }`),
    '3:30',
    'Mars',
    'Europe/London',
  ],
  [
    'a text that is no instant',
    feature(`{ aggregate: last, of: 'timestamp("2020")' }`),
    '3:30',
    'instant',
    'ISO 8601',
  ],
  [
    'a mistake in CEL over several lines',
    `${HEAD}features:\n  f:\n    aggregate: last\n    of: >\n      2 *\n      price\n`,
    '5:9',
    'Unknown variable: price',
    '',
  ],
]

describe('a broken definition is refused with line, column, message and hint:', () => {
  test.each(BROKEN)('%s', (_name, text, place, message, hint) => {
    const problems = problemsOf(text)
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toEqual([place])
    expect(problems[0]?.message).toContain(message)
    expect(problems[0]?.hint).toContain(hint)
    expect(problems[0]?.hint).not.toBe('')
  })
})

it('reports every mistake at once, in the order of the document, with its path', () => {
  const text = `version: 3
timezone: Mars
actions:
  purchase: { properties: { price: nmber } }
rules: []
features:
  a: { aggregate: sun, window: 5x, action: view }
  b: { aggregate: distinct }
  c: { aggregate: sum, of: price, where: size(1) }
  c: { aggregate: count }
`
  expect(problemsOf(text).map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
    '1:10 version',
    '2:11 timezone',
    '4:36 actions.purchase.properties.price',
    '5:8 rules',
    '7:19 features.a.aggregate',
    '7:32 features.a.window',
    '7:44 features.a.action',
    '8:3 features.b',
    '9:28 features.c.of',
    '9:42 features.c.where',
    '10:3 ',
  ])
})

describe('a document that costs too much is refused at once:', () => {
  const aliases = `${HEAD}features: {}\nx: &x 1\ny: [${Array(150).fill('*x').join(', ')}]\n`
  const many = (count: number) =>
    `${HEAD}features:\n${Array.from({ length: count }, (_, i) => `  f${i}: { aggregate: count }`).join('\n')}\n`

  test.each([
    ['over a megabyte', `${HEAD}# ${'x'.repeat(1024 * 1024)}`, 'bytes'],
    ['hundreds of aliases', aliases, 'too many aliases'],
    ['nested very deeply', `${HEAD}features: ${'['.repeat(50_000)}`, 'YAML'],
    ['201 features', many(201), '201 features'],
  ])('%s', (_name, text, message) => {
    expect(problemsOf(text).map((problem) => problem.message)).toContainEqual(
      expect.stringContaining(message),
    )
  })

  it('while 200 features are accepted', () => {
    expect(problemsOf(many(200))).toEqual([])
  })

  it('and a bomb of aliases costs nothing', () => {
    const layers = Array.from(
      { length: 9 },
      (_, i) => `  b${i + 1}: &b${i + 1} [${Array(10).fill(`*b${i}`).join(', ')}]`,
    )
    const bomb = `b0: &b0 [x]\n${layers.join('\n')}`.replaceAll('  b', 'b')
    const text = `${HEAD}${bomb}\nactions: { a: { properties: { p: { type: map, required: *b9 } } } }\nfeatures: { f: { aggregate: count, action: *b9 } }\n`
    expect(problemsOf(text).length).toBeGreaterThan(10)
  })

  it('and an alias to itself ends', () => {
    expect(problemsOf(`${HEAD}features: &f\n  a: *f\n`).length).toBeGreaterThan(0)
  })

  it('and no more than 200 problems are listed', () => {
    const keys = Array.from({ length: 500 }, (_, i) => `unknown${i}: 1`).join('\n')
    expect(problemsOf(`${HEAD}features: {}\n${keys}\n`)).toHaveLength(200)
  })
})

test('a document as large as one may be, of nothing but keys, is checked like any other', () => {
  const line = (number: number) => `  f${number}: { aggregate: count }\n`
  const count = Math.floor((BOUNDS.documentBytesMax - 100) / line(99_999).length)
  const lines = Array.from({ length: count }, (_, number) => line(number)).join('')
  const messages = problemsOf(`${HEAD}features:\n${lines}  f1: {}\n`).map(({ message }) => message)
  expect(messages).toContain('YAML: Map keys must be unique')
})
