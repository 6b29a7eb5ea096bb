import { expect, test } from 'vitest'
import { createCalendar } from '../../../src/model/calendar.ts'
import { dateOfDay } from '../../../src/model/civil-date.ts'
import type { Window } from '../../../src/model/window.ts'

const hours = (count: number): Window => ({ kind: 'rolling', unit: 'hour', count })
const dateIn = (zone: string, at: string) => dateOfDay(createCalendar(zone).tile('day', Date.parse(at)))
const hourIn = (zone: string, at: string) =>
  new Date(createCalendar(zone).tile('hour', Date.parse(at)) * 60_000).toISOString()
const dayWindow = (zone: string, window: Window, at: string) =>
  dateOfDay(createCalendar(zone).windowStart(window, Date.parse(at)))

test('an unknown time zone is refused', () => {
  expect(() => createCalendar('Europe/Atlantis')).toThrow(RangeError)
})

test('a day is the local date, from midnight to midnight', () => {
  expect(dateIn('Europe/London', '2026-07-01T22:59:59.999Z')).toBe('2026-07-01')
  expect(dateIn('Europe/London', '2026-07-01T23:00:00Z')).toBe('2026-07-02')
  expect(dateIn('America/New_York', '1970-01-01T00:00:00Z')).toBe('1969-12-31')
  expect(dateIn('Pacific/Kiritimati', '9999-12-31T09:00:00Z')).toBe('9999-12-31')
})

test('the hour that comes twice when clocks go back is two tiles, one hour apart', () => {
  expect(hourIn('Europe/London', '2026-10-25T00:30:00Z')).toBe('2026-10-25T00:00:00.000Z')
  expect(hourIn('Europe/London', '2026-10-25T01:30:00Z')).toBe('2026-10-25T01:00:00.000Z')
})

test('hours are cut at :30 UTC where the zone is half an hour off', () => {
  expect(hourIn('Asia/Kolkata', '2026-01-01T10:29:00Z')).toBe('2026-01-01T09:30:00.000Z')
  expect(hourIn('Asia/Kolkata', '2026-01-01T10:30:00Z')).toBe('2026-01-01T10:30:00.000Z')
})

test("Lord Howe's half-hour shift gives a short tile, which windows count as one", () => {
  // Clocks went back from 02:00 to 01:30 at 15:00 UTC: a tile of 30 minutes follows one of 60.
  expect(hourIn('Australia/Lord_Howe', '2026-04-04T14:59:00Z')).toBe('2026-04-04T14:00:00.000Z')
  expect(hourIn('Australia/Lord_Howe', '2026-04-04T15:29:00Z')).toBe('2026-04-04T15:00:00.000Z')
  expect(hourIn('Australia/Lord_Howe', '2026-04-04T15:30:00Z')).toBe('2026-04-04T15:30:00.000Z')
  const start = createCalendar('Australia/Lord_Howe').windowStart(
    hours(3),
    Date.parse('2026-04-04T15:45:00Z'),
  )
  expect(start * 60_000).toBe(Date.parse('2026-04-04T14:00:00Z'))
})

test('a 24 h window over the night clocks go forward holds 24 real hours', () => {
  const start = createCalendar('America/New_York').windowStart(hours(24), Date.parse('2026-03-08T16:30:00Z'))
  expect(start * 60_000).toBe(Date.parse('2026-03-07T17:00:00Z'))
})

test('the day that Samoa skipped has no actions and still counts as a day of the window', () => {
  expect(dateIn('Pacific/Apia', '2011-12-30T09:59:59Z')).toBe('2011-12-29')
  expect(dateIn('Pacific/Apia', '2011-12-30T10:00:00Z')).toBe('2011-12-31')
  const two: Window = { kind: 'rolling', unit: 'day', count: 2 }
  expect(dayWindow('Pacific/Apia', two, '2011-12-30T12:00:00Z')).toBe('2011-12-30')
})

test('where clocks went back over midnight, the day begins at the second midnight', () => {
  // St John's, 2010-11-07: 00:01 became 23:01 of the day before, at 02:31 UTC.
  expect(dateIn('America/St_Johns', '2010-11-07T02:29:59Z')).toBe('2010-11-06')
  expect(dateIn('America/St_Johns', '2010-11-07T02:30:30Z')).toBe('2010-11-06')
  expect(dateIn('America/St_Johns', '2010-11-07T02:31:00Z')).toBe('2010-11-06')
  expect(dateIn('America/St_Johns', '2010-11-07T03:30:00Z')).toBe('2010-11-07')
})

test('calendar windows begin on the first of the month or year and on Monday', () => {
  const at = '2024-03-01T12:00:00Z'
  expect(dayWindow('UTC', { kind: 'calendar', period: 'day' }, at)).toBe('2024-03-01')
  expect(dayWindow('UTC', { kind: 'calendar', period: 'week' }, at)).toBe('2024-02-26')
  expect(dayWindow('UTC', { kind: 'calendar', period: 'month' }, '2024-02-29T23:59:59Z')).toBe('2024-02-01')
  expect(dayWindow('UTC', { kind: 'calendar', period: 'year' }, '2024-12-31T23:59:59Z')).toBe('2024-01-01')
  expect(dayWindow('UTC', { kind: 'rolling', unit: 'day', count: 30 }, at)).toBe('2024-02-01')
})

test('a lifetime window has no beginning and one tile', () => {
  const calendar = createCalendar('UTC')
  expect(calendar.windowStart({ kind: 'lifetime' }, 0)).toBe(Number.NEGATIVE_INFINITY)
  expect(calendar.tile('all', 1_700_000_000_000)).toBe(0)
})

test('an answer does not depend on which instants were asked for before', () => {
  const calendar = createCalendar('Pacific/Apia')
  const at = Date.parse('1970-01-02T00:00:00Z')
  const before = calendar.tile('day', at)
  calendar.tile('day', Date.parse('2100-02-28T22:00:00Z'))
  expect(calendar.tile('day', at)).toBe(before)
})
