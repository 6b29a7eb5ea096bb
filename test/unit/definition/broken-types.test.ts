// What would be no error when an action comes, and would never count.
import { expect, test } from 'vitest'
import { problemsOf } from './documents.ts'

const HEAD = `version: 1
actions:
  buy: { properties: { price: number, count: integer, name: string, gift: boolean, tags: list, at: timestamp } }
  rate: { properties: { price: string, stars: integer } }
  look: {}
`
const feature = (body: string) => `${HEAD}features: { f: { ${body} } }\n`
const rule = (body: string) => `${HEAD}features: {}\nrules: { r: { ${body}, badge: true } }\n`

/** name, document, part of the message, part of the hint */
const BROKEN: [string, string, string, string][] = [
  [
    'a misspelt property',
    feature('aggregate: sum, action: buy, of: properties.pirce'),
    'No property `pirce`',
    'properties.price',
  ],
  [
    'one inside an expression',
    feature('aggregate: sum, action: buy, of: properties.price * properties.cuont'),
    '`cuont`',
    'properties.count',
  ],
  [
    'one in `where`',
    feature("aggregate: count, action: buy, where: properties.nmae == 'a'"),
    '`nmae`',
    'properties.name',
  ],
  [
    'one in `has`',
    feature('aggregate: count, action: buy, where: has(properties.gfit)'),
    '`gfit`',
    'properties.gift',
  ],
  [
    'one of two actions',
    feature('aggregate: count, action: [buy, rate], of: properties.starss'),
    '`starss`',
    'properties.stars',
  ],
  ['one in a rule', rule('on: buy, when: properties.pirce > 5.0'), '`pirce`', 'properties.price'],
  [
    'one in a payload',
    rule('on: buy, emit: { stream: s, payload: { p: properties.pirce } }'),
    '`pirce`',
    'properties.price',
  ],
  [
    'one in a guard',
    `${HEAD.replace('  look', '  pay: { properties: { sum: number }, guard: properties.smu > 5.0 }\n  look')}features: {}\n`,
    '`smu`',
    'properties.sum',
  ],
  [
    'one in a transition',
    `${HEAD}features: {}\nlifecycle: { initial: a, transitions: [ { from: a, to: b, on: buy, when: properties.pirce > 1.0 } ] }\n`,
    '`pirce`',
    'properties.price',
  ],
  [
    'a number compared with a text',
    feature("aggregate: count, action: buy, where: properties.price == '5'"),
    'declared as number, and is compared with text',
    'a number',
  ],
  [
    'a text compared with a number',
    feature('aggregate: count, action: buy, where: 5 == properties.name'),
    'declared as string',
    'text',
  ],
  [
    'a boolean compared with a text',
    feature("aggregate: count, action: buy, where: properties.gift == 'true'"),
    'declared as boolean',
    'true or false',
  ],
  [
    'the sum of a text',
    feature('aggregate: sum, action: buy, of: properties.name'),
    '`sum` needs numbers, but this gives string',
    'number',
  ],
  [
    'the largest truth value',
    feature('aggregate: max, action: buy, of: properties.gift'),
    '`max` needs numbers, but this gives bool',
    'number',
  ],
  [
    'the distinct values of a list',
    feature('aggregate: distinct, action: buy, of: properties.tags'),
    '`distinct` counts texts',
    'one value',
  ],
]

test.each(BROKEN)('%s', (_, document, message, hint) => {
  expect(problemsOf(document)).toMatchObject([
    { message: expect.stringContaining(message), hint: expect.stringContaining(hint) },
  ])
})

/** What cannot be said to be wrong. */
test.each([
  feature('aggregate: sum, action: buy, of: properties.discount'),
  feature('aggregate: sum, action: look, of: properties.pirce'),
  feature('aggregate: sum, action: [buy, look], of: properties.pirce'),
  feature('aggregate: count, action: [buy, rate], where: "properties.price == \'5\'"'),
  feature('aggregate: sum, action: [buy, rate], of: properties.price'),
  feature(
    'aggregate: count, action: buy, where: properties.count == 5 && properties.price >= 2.5 && properties.gift == true',
  ),
  feature("aggregate: count, action: buy, where: properties.name == 'a' && properties.at > '2026'"),
  feature('aggregate: distinct, action: buy, of: properties.name'),
  feature('aggregate: last, action: buy, of: properties.tags'),
  `${HEAD}  "*": {}\nfeatures: { f: { aggregate: sum, of: properties.pirce } }\n`,
  rule('on: "*", when: properties.pirce > 5.0'),
])('%s is right', (document) => {
  expect(problemsOf(document)).toEqual([])
})
