import { Settings } from 'luxon'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTimeReader } from '../../../src/cli/import/mapping/time-column.ts'

function read(text: string, format = 'iso', zone = 'Europe/London') {
  return createTimeReader(format, zone)!.read(text)
}

const at = (iso: string) => ({ at: Date.parse(iso), moved: false })

describe('iso', () => {
  test.each([
    ['2026-01-05T09:30:00', '2026-01-05T09:30:00Z'],
    ['2026-01-05 09:30:00', '2026-01-05T09:30:00Z'],
    ['2026-07-05 09:30:00.250', '2026-07-05T08:30:00.250Z'],
    ['2026-07-05 09:30', '2026-07-05T08:30:00Z'],
    ['2026-07-05 09:30:00Z', '2026-07-05T09:30:00Z'],
    ['2026-07-05 09:30:00+02:00', '2026-07-05T07:30:00Z'],
    ['2026-07-05 09:30:00 +02:00', '2026-07-05T07:30:00Z'],
    ['2026-07-05', '2026-07-04T23:00:00Z'],
  ])('reads %s as %s', (text, expected) => {
    expect(read(text)).toEqual(at(expected))
  })

  test.each(['09:30:00', '2026-02-30 09:30:00', '2026-01-05  x', ''])('refuses %j', (text) => {
    expect(read(text)).toEqual({ problem: 'does not fit the format' })
  })
})

describe('epoch numbers', () => {
  test.each([
    ['epoch-ms', '1300000000000', 1_300_000_000_000],
    ['epoch-ms', '1300000000000.4', 1_300_000_000_000],
    ['epoch-s', '1300000000.5', 1_300_000_000_500],
    ['epoch-s', '0', 0],
  ])('as %s read %s', (format, text, expected) => {
    expect(read(text, format)).toEqual({ at: expected, moved: false })
  })

  test.each([
    ['epoch-ms', '1300000000', 'is 1970-01-16 as epoch-ms; it looks like seconds (epoch-s)'],
    ['epoch-ms', '1300000000000000', 'is after the year 5000 as epoch-ms; it looks like microseconds'],
    ['epoch-s', '1300000000000', 'is after the year 5000 as epoch-s; it looks like milliseconds (epoch-ms)'],
    ['epoch-s', '1e9', 'does not fit the format'],
  ])('as %s refuse %s', (format, text, problem) => {
    expect(read(text, format)).toEqual({ problem })
  })
})

describe('a local time', () => {
  test.each([
    ['2026-03-29T01:30:00', 'Europe/London', '2026-03-29T01:30:00Z'],
    ['2026-03-08T02:30:00', 'America/New_York', '2026-03-08T07:30:00Z'],
    ['2026-10-04T02:15:00', 'Australia/Lord_Howe', '2026-10-03T15:45:00Z'],
    ['2011-12-30T12:00:00', 'Pacific/Apia', '2011-12-30T22:00:00Z'],
  ])('%s in %s was left out, and is moved', (text, zone, expected) => {
    expect(read(text, 'iso', zone)).toEqual({ at: Date.parse(expected), moved: true })
    const pattern = read(text.replace('T', ' '), 'yyyy-MM-dd HH:mm:ss', zone)
    expect(pattern).toEqual({ at: Date.parse(expected), moved: true })
  })

  test.each([
    ['2026-03-29T00:59:59', '2026-03-29T00:59:59Z'],
    ['2026-03-29T02:00:00', '2026-03-29T01:00:00Z'],
    ['2026-03-29T01:30:00Z', '2026-03-29T01:30:00Z'],
    ['2026-03-29T01:30:00+00:00', '2026-03-29T01:30:00Z'],
  ])('beside the gap, or with a zone of its own, is not moved: %s', (text, expected) => {
    expect(read(text)).toEqual(at(expected))
  })

  test.each(['2026-01-15', '2026-07-15'])(
    'shown twice is the first of both, whatever the day of the import: %s',
    (day) => {
      Settings.now = () => Date.parse(day)
      onTestFinished(() => {
        Settings.now = () => Date.now()
      })
      expect(read('2026-10-25T01:30:00')).toEqual(at('2026-10-25T00:30:00Z'))
      expect(read('2026-10-25T02:00:00')).toEqual(at('2026-10-25T02:00:00Z'))
      expect(read('2026-10-25T01:30:00+00:00')).toEqual(at('2026-10-25T01:30:00Z'))
      expect(read('2026-11-01T01:30:00', 'iso', 'America/New_York')).toEqual(at('2026-11-01T05:30:00Z'))
      expect(read('2026-03-29T01:30:00')).toEqual({ at: Date.parse('2026-03-29T01:30:00Z'), moved: true })
    },
  )
})
