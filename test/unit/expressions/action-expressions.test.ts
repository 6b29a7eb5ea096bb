import { describe, expect, it, test } from 'vitest'
import { ExpressionCompiler, type Role } from '../../../src/expressions/expressions.ts'
import type { Action } from '../../../src/model/action.ts'

const ACTION: Action = {
  id: 'a-1',
  user: 'u-17',
  action: 'purchase',
  occurredAt: Date.UTC(2026, 6, 20, 9, 30, 15, 123),
  object: { type: 'product', id: 'p-5' },
  channel: 'ios',
  properties: {
    quantity: 3,
    price: 12.5,
    zero: 0,
    name: 'Shoe',
    nothing: null,
    paid: true,
    tags: ['new', 'red'],
    numbers: [1, 2.5],
    lines: [{ price: 1 }, { price: 2 }],
    address: { city: 'Berlin' },
  },
}

function compile(source: string, role: Role = 'of') {
  const compiled = new ExpressionCompiler().compile(source, role)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.expression
}

const evaluate = (source: string, action: Action = ACTION, role: Role = 'of') =>
  compile(source, role).evaluate(action)

function problemsOf(source: string, role: Role = 'of') {
  const compiled = new ExpressionCompiler().compile(source, role)
  if (!('problems' in compiled)) throw new Error(`compiled: ${source}`)
  return compiled.problems
}

describe('JSON numbers simply work', () => {
  test.each([
    ['properties.quantity * 2', 6],
    ['2 * properties.quantity', 6],
    ['properties.quantity % 2', 1],
    ['properties.price % 5.0', 2.5],
    ['10 % properties.quantity', 1],
    ['-7 % properties.quantity', -1],
    ['properties.quantity % 2 == 1', true],
    ['2 * 3 + properties.quantity', 9],
    ['size("abc") + properties.quantity', 6],
    ['properties.quantity - size("abc")', 0],
    ['properties.price * properties.quantity', 37.5],
    ['properties.quantity / 2', 1.5],
    ['7 / properties.quantity * 3', 7],
    ['7 / 2', 3],
    ['-properties.quantity', -3],
    ['properties.quantity == 3', true],
    ['3 == properties.quantity', true],
    ['size("abc") == 3.0', true],
    ['1.5 * 2 == 3', true],
    ['properties.quantity > 2 && properties.quantity < 3.5', true],
    ['properties.quantity in [1, 3]', true],
    ['1 in properties.numbers', true],
    ['2.5 in properties.numbers', true],
    ['has(properties.discount) ? properties.discount : 1', 1],
    ['int(properties.price) + 1', 13],
    ['double(properties.quantity) / 2', 1.5],
    ['properties.lines.map(line, line.price * 2)', [2, 4]],
    ['properties.tags[1] + "!"', 'red!'],
    ['size(properties.tags)', 2],
  ])('%s is %j', (source, expected) => {
    expect(evaluate(source)).toEqual(expected)
  })
})

describe('an expression without a value gives undefined and never throws', () => {
  test.each([
    'properties.missing',
    'properties.missing * 2',
    'properties.name * 2',
    'properties.nothing',
    'properties.nothing + 1',
    'properties.quantity / properties.zero',
    'properties.zero / properties.zero',
    '1 / 0',
    'properties.tags[7]',
    'properties.name.city',
    'properties.quantity ? 1 : 2',
    'timestamp(properties.name)',
    'occurredAt.getHours(properties.name)',
    'properties.lines.map(line, line.missing)',
    'place',
    'place + "x"',
    'type(properties.name) == string ? properties.missing : 1',
  ])('%s', (source) => {
    expect(evaluate(source)).toBeUndefined()
  })
})

test('a condition without a value is not true, also where it is joined by &&', () => {
  expect(evaluate('properties.missing > 1', ACTION, 'where')).not.toBe(true)
  expect(evaluate('properties.paid && properties.missing > 1', ACTION, 'where')).not.toBe(true)
  expect(evaluate('properties.missing > 1 || properties.paid', ACTION, 'where')).toBe(true)
  expect(evaluate('!has(properties.missing) && properties.paid', ACTION, 'where')).toBe(true)
})

test('missing channel, place and user id are null, and a missing object has no fields', () => {
  const { object: _, channel: __, ...bare } = ACTION
  const action = { ...bare, user: 'anonymous:a-93' }
  expect(evaluate('channel != "ios"', action, 'where')).toBe(true)
  expect(evaluate('userId == null', action, 'where')).toBe(true)
  expect(evaluate('has(object.id)', action, 'where')).toBe(false)
  expect(evaluate('object.id', action)).toBeUndefined()
  expect(evaluate('userId', action)).toBeUndefined()
  expect(evaluate('userId', ACTION)).toBe('u-17')
})

describe('time', () => {
  it('gives occurredAt as epoch milliseconds and as a timestamp in CEL', () => {
    expect(compile('occurredAt').type).toBe('timestamp')
    expect(evaluate('occurredAt')).toBe(ACTION.occurredAt)
    expect(compile('occurredAt + duration("1h")').type).toBe('timestamp')
    expect(evaluate('occurredAt + duration("1h")')).toBe(ACTION.occurredAt + 3_600_000)
    expect(compile('properties.price').type).toBe('any')
  })

  test.each([
    ['occurredAt.getHours()', 9],
    ['occurredAt.getHours("Europe/London")', 10],
    ['occurredAt.getMinutes("Asia/Kolkata")', 0],
    ['occurredAt.getDayOfWeek("Pacific/Kiritimati")', 1],
    ['occurredAt.getDayOfYear()', 200],
    ['occurredAt.getDayOfYear("America/New_York")', 200],
    ['occurredAt.getMilliseconds("Europe/London")', 123],
    ['occurredAt > timestamp("2026-01-01T00:00:00Z")', true],
    ['timestamp(1).getSeconds()', 1],
    ['(occurredAt - timestamp("2026-07-20T09:30:00Z")).getSeconds()', 15],
  ])('%s is %j whatever the zone of the process', (source, expected) => {
    const zone = process.env.TZ
    try {
      for (const machine of ['UTC', 'America/St_Johns', 'Europe/London']) {
        process.env.TZ = machine
        expect(evaluate(source)).toBe(expected)
      }
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })
})

describe('hostile keys', () => {
  const properties = JSON.parse(
    '{"constructor": "x", "__proto__": {"price": 7}, "toString": 1, "price": 2, "deep": {"constructor": null, "n": 4}}',
  ) as Record<string, unknown>
  const hostile: Action = { ...ACTION, properties }

  it('do not disturb the other properties', () => {
    expect(evaluate('properties.price', hostile)).toBe(2)
    expect(evaluate('properties.price * 2', hostile)).toBe(4)
    expect(evaluate('properties.deep.n + 1', hostile)).toBe(5)
    expect(evaluate('has(properties.price) && properties.price > 1', hostile, 'where')).toBe(true)
  })

  it('can be read as the own properties they are', () => {
    expect(evaluate('properties.constructor', hostile)).toBe('x')
    expect(evaluate('properties.constructor + "y"', hostile)).toBe('xy')
    expect(evaluate('properties["__proto__"].price', hostile)).toBe(7)
    expect(evaluate('properties["__proto__"].price + 1', hostile)).toBe(8)
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'nothing of the prototype is reached by %s',
    (key) => {
      expect(evaluate(`properties["${key}"]`)).toBeUndefined()
      expect(evaluate(`has(properties.${key})`)).toBe(false)
      expect(evaluate(`"${key}" in properties`)).toBe(false)
      expect(evaluate(`properties.address["${key}"] == properties.address`)).toBeUndefined()
    },
  )

  it('pass through a value without touching any prototype', () => {
    const value = evaluate('properties', hostile) as Record<string, unknown>
    expect(Object.hasOwn(value, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })
})

test.each([
  'action',
  'channel',
  'place',
  'userId',
  'occurredAt',
  'object.id',
  'object.type',
  'properties.price',
  'properties["price"]',
  'properties.nothing',
  'properties.missing',
  'properties.address.city',
  'properties.address.missing',
  'properties.name.length',
  'properties.tags.length',
  'properties.tags',
  'properties.address',
  'properties',
])('the direct way of %s gives what the library gives', (path) => {
  // A condition around it keeps the path from being read directly.
  expect(evaluate(path)).toEqual(evaluate(`[true].all(t, t) ? ${path} : dyn(null)`))
})

test('an expression is evaluated once for one action, and anew for the next', () => {
  let reads = 0
  const properties = {
    get price() {
      reads++
      return 5
    },
  }
  const expression = compile('properties.price')
  const action = { ...ACTION, properties }
  expect([expression.evaluate(action), expression.evaluate(action)]).toEqual([5, 5])
  expect(reads).toBe(1)
  expect(expression.evaluate({ ...ACTION, properties: { price: 6 } })).toBe(6)
})

test('expressions of equal source are one expression', () => {
  const compiler = new ExpressionCompiler()
  expect(compiler.compile('object.id', 'of')).toBe(compiler.compile('object.id', 'of'))
})

describe('what could run without bound is refused', () => {
  test.each([
    ['a regular expression', 'properties.name.matches("(a+)+$")', 'Regular expressions'],
    ['a loop in a map', 'properties.tags.map(a, properties.tags.map(b, a + b))', 'inside another loop'],
    [
      'a loop in a condition',
      'properties.tags.exists(a, properties.tags.exists(b, a == b))',
      'inside another loop',
    ],
    ['a binding', 'cel.bind(x, properties.name + properties.name, x + x)', 'Unknown variable: cel'],
    ['deep nesting', `${'('.repeat(40)}1${')'.repeat(40)}`, 'maxDepth'],
    ['many terms', Array(600).fill('1').join('+'), 'maxAstNodes'],
    ['a long text', `"${'x'.repeat(5000)}"`, 'longer than'],
  ])('%s', (_name, source, message) => {
    expect(problemsOf(source)[0]?.message).toContain(message)
  })

  it('while loops one after the other are welcome', () => {
    expect(evaluate('size(properties.lines.filter(l, l.price > 1).map(l, l.price))')).toBe(1)
  })
})

test('all unknown variables of an expression are reported, each where it stands', () => {
  expect(problemsOf('price * propertys.quantity').map(({ offset, hint }) => [offset, hint])).toEqual([
    [0, expect.stringContaining('Did you mean `properties.price`?')],
    [8, expect.stringContaining('Did you mean `properties`?')],
  ])
})
