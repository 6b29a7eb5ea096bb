import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createRowMapper } from '../../../src/cli/import/mapping/map-row.ts'
import { type Mapping, parseMapping } from '../../../src/cli/import/mapping/mapping.ts'

const SMALL = `time: { column: At, format: iso }
fields:
  userId: { column: User }
  action: { value: visit }
`

function mappingOf(text: string): Mapping {
  const parsed = parseMapping(text)
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  return parsed.mapping
}

function mapWith(extra: string, row: Record<string, unknown>) {
  return createRowMapper(mappingOf(SMALL + extra))({ At: '2026-01-01T00:00:00Z', User: 'u', ...row })
}

describe('the mapping of the online retail example', () => {
  const map = createRowMapper(mappingOf(readFileSync('examples/online-retail/mapping.yaml', 'utf8')))
  const row = {
    InvoiceNo: '536365',
    StockCode: '85123A',
    Description: 'HOLDER',
    Quantity: '6',
    InvoiceDate: '2011-07-01 08:26:00',
    UnitPrice: '2.55',
    CustomerID: '17850.0',
    Country: 'United Kingdom',
  }

  test('makes a purchase of an invoice line, at London time', () => {
    expect(map(row)).toEqual({
      user: '17850',
      timeMoved: false,
      action: {
        userId: '17850',
        action: 'purchase',
        occurredAt: Date.parse('2011-07-01T07:26:00Z'),
        object: { type: 'product', id: '85123A' },
        properties: { invoice: '536365', quantity: 6, price: 2.55, country: 'United Kingdom' },
      },
    })
  })

  test('makes a cancel of an invoice that starts with C, its quantity negative as in the file', () => {
    expect(map({ ...row, InvoiceNo: 'C536379', Quantity: '-1' })).toMatchObject({
      action: { action: 'cancel', properties: { invoice: 'C536379', quantity: -1 } },
    })
  })

  test('skips a row without a customer, with its reason', () => {
    expect(map({ ...row, CustomerID: '' })).toEqual({ skipped: 'no CustomerID' })
  })
})

describe('a row', () => {
  test('leaves out what its empty cells would say', () => {
    const mapped = mapWith(
      '  properties.price: { column: Price, type: number }\n  place: { column: Place }',
      {
        Price: '',
        Place: '',
      },
    )
    expect(mapped).toMatchObject({ action: { properties: {} } })
    expect(mapped).not.toHaveProperty('action.place')
  })

  test.each([
    ['integer', '1.5'],
    ['integer', '9007199254740993'],
    ['number', 'NaN'],
    ['number', '1e999'],
    ['number', '0x10'],
    ['number', '1,5'],
    ['boolean', 'perhaps'],
  ])('is rejected where a column of type %s holds %s', (type, value) => {
    const mapped = mapWith(`  properties.x: { column: X, type: ${type} }`, { X: value })
    expect(mapped).toEqual({ rejected: 'BAD_VALUE', message: expect.stringContaining(`X: "${value}"`) })
  })

  test.each([
    ['integer', '12.0', 12],
    ['number', '-1.5e3', -1500],
    ['number', ' 7 ', 7],
    ['string', ' a b ', 'a b'],
    ['boolean', 'Yes', true],
    ['boolean', '0', false],
    ['string', '007', '007'],
  ])('of type %s reads %j as %j', (type, value, expected) => {
    const mapped = mapWith(`  properties.x: { column: X, type: ${type} }`, { X: value })
    expect(mapped).toMatchObject({ action: { properties: { x: expected } } })
  })

  test('counts without blanks in every column, also for times, expressions and `skip`', () => {
    const extra = '  place: { cel: row.X }\nskip: [{ when: row.Y == "", reason: none }]'
    const mapped = mapWith(extra, { User: ' u ', At: ' 2026-01-01T00:00:00Z\u00a0', X: ' a ', Y: 'y' })
    expect(mapped).toMatchObject({ user: 'u', action: { userId: 'u', place: 'a' } })
    expect(mapWith(extra, { X: 'a', Y: '  ' })).toEqual({ skipped: 'none' })
  })

  test('counts without blanks wherever a text stands in NDJSON, and stays as it was itself', () => {
    const row = { X: { list: [' a ', 1, null], text: 'b' } }
    const mapped = mapWith('  properties.x: { cel: "row.X.list[0] + row.X.text" }', row)
    expect(mapped).toMatchObject({ action: { properties: { x: 'ab' } } })
    expect(row).toEqual({ X: { list: [' a ', 1, null], text: 'b' } })
  })

  test('with `trim: false` keeps its blanks, so that numbers and times with blanks are refused', () => {
    const keep = (row: object) =>
      mapWith('  properties.x: { column: X, type: number }\ntrim: false', { ...row })
    expect(keep({ User: ' u ', X: '7' })).toMatchObject({ user: ' u ' })
    expect(keep({ X: ' 7' })).toMatchObject({ rejected: 'BAD_VALUE' })
    expect(keep({ At: ' 2026-01-01T00:00:00Z' })).toMatchObject({ rejected: 'BAD_TIME' })
  })

  test('of NDJSON takes a column of that name or, without one, the path that it names', () => {
    const text = SMALL.replace('column: User', 'column: user.id').replace('column: At', 'column: meta.at')
    const map = createRowMapper(mappingOf(text))
    const nested = { user: { id: ' u ' }, meta: { at: '2026-01-01T00:00:00Z' } }
    expect(map(nested)).toMatchObject({
      user: 'u',
      action: { occurredAt: Date.parse('2026-01-01T00:00:00Z') },
    })
    expect(map({ ...nested, 'user.id': 'flat' })).toMatchObject({ user: 'flat' })
    for (const user of [{}, null, 'u', ['id']])
      expect(map({ ...nested, user })).toMatchObject({ rejected: 'NO_USER' })
    const inherited = createRowMapper(mappingOf(text.replace('user.id', 'user.constructor.name')))
    expect(inherited(nested)).toMatchObject({ rejected: 'NO_USER' })
  })

  test('is rejected where its time does not fit the format, or is no real day', () => {
    for (const At of ['yesterday', '', '2026-02-30T00:00:00Z']) {
      expect(mapWith('', { At })).toMatchObject({ rejected: 'BAD_TIME' })
    }
  })

  test('is rejected where an expression cannot take what it holds', () => {
    expect(mapWith('  properties.x: { cel: int(row.X) }', { X: 'many' })).toMatchObject({
      rejected: 'EXPRESSION_FAILED',
    })
  })

  test('is rejected where it names nobody', () => {
    expect(mapWith('', { User: '' })).toMatchObject({ rejected: 'NO_USER' })
  })

  test('gives numbers of an expression as JSON numbers, and ids as text', () => {
    const mapped = mapWith('  id: { cel: 40 + 2 }\n  properties.x: { cel: int(row.X) * 2.5 }', { X: '3' })
    expect(mapped).toMatchObject({ action: { id: '42', properties: { x: 7.5 } } })
  })
})

describe('a mapping with mistakes', () => {
  const problemsOf = (text: string) => {
    const parsed = parseMapping(text)
    return 'problems' in parsed
      ? parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
      : []
  }

  test.each([
    ['', '1:1 A mapping must be a map'],
    ['fields: [', '1:10 YAML: Flow sequence in block collection must be'],
    [`delimitr: ";"\n${SMALL}`, '1:1 Unknown key: delimitr'],
    [`delimiter: ";;"\n${SMALL}`, '1:12 Not a delimiter'],
    ['time: { column: At, format: iso }', '1:1 `fields` is missing'],
    [`trim: perhaps\n${SMALL}`, '1:7 `trim` must be true or false'],
    [SMALL.replace('iso', 'hh:mm'), '1:29 Not a format of dates: hh:mm'],
    [SMALL.replace('iso', 'iso, zone: Mars/Base'), '1:40 Unknown time zone: Mars/Base'],
    [SMALL.replace('column: At, ', ''), '1:1 `column` is missing'],
    [SMALL.replace(/^time.*\n/, ''), '1:1 The mapping does not say when an action happened'],
    [`${SMALL}  occurredAt: { column: At }`, '1:1 `time` and `fields.occurredAt` say the same'],
    [SMALL.replace('userId', 'user'), '3:3 An action has no field user'],
    [SMALL.replace('userId', 'channel'), '2:1 The mapping does not say who did it'],
    [`${SMALL}  object.type: { value: x }`, '2:1 The mapping does not say which object it was'],
    [`${SMALL}  properties.__proto__: { value: x }`, '5:3 An action has no field properties.__proto__'],
    [`${SMALL}  place: { column: X, cel: row.X }`, '5:3 Give exactly one source'],
    [`${SMALL}  place: { column: X, type: float }`, '5:29 Unknown type: float'],
    [`${SMALL}  place: { cel: "row.X +" }`, '5:25 CEL: Unexpected token'],
    [`${SMALL}  place: { cel: properties.x }`, '5:17 CEL: there is no `properties` here'],
    [`${SMALL}skip: { when: x }`, '5:7 `skip` must be a list'],
    [`${SMALL}skip: [{ when: size(row), reason: x }]`, '5:16 CEL: gives int, not true or false'],
    [`${SMALL}skip: [{ when: row.X == "" }]`, '5:8 `reason` is missing'],
  ])('%j is refused at %s', (text, expected) => {
    expect(problemsOf(text).join('\n')).toContain(expected)
  })

  test('has all of them reported at once', () => {
    expect(problemsOf('delimiter: xx\nskip: 1\nfields: { usr: {} }').length).toBeGreaterThanOrEqual(4)
  })

  test('knows every column it names', () => {
    const text = `${SMALL}  place: { cel: 'row.A + row["B"]' }\nskip: [{ when: row.C == "", reason: x }]`
    expect([...mappingOf(text).columns].sort()).toEqual(['A', 'At', 'B', 'C', 'User'])
  })
})
