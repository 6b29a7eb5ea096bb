import { DateTime } from 'luxon'
import { expect, test } from 'vitest'
import { civilOf, dateOfDay, dayOf, dayOfDate } from '../../../src/model/civil-date.ts'

test('every day from 1969 to 2101 has the date that luxon gives it, and back', () => {
  const end = dayOf(2101, 1, 1)
  for (let day = -365; day < end; day += 1) {
    const expected = DateTime.fromMillis(day * 86_400_000, { zone: 'utc' })
    const { year, month, dayOfMonth } = civilOf(day)
    expect([year, month, dayOfMonth]).toEqual([expected.year, expected.month, expected.day])
    expect(dayOf(year, month, dayOfMonth)).toBe(day)
  }
})

test('dates are written with four, two and two digits and read back', () => {
  expect(dateOfDay(0)).toBe('1970-01-01')
  expect(dateOfDay(-1)).toBe('1969-12-31')
  expect(dateOfDay(dayOfDate('9999-12-31')!)).toBe('9999-12-31')
  expect(dayOfDate('2024-02-29')).toBe(19_782)
})

test.each([
  '2023-02-29',
  '2024-13-01',
  '2024-00-10',
  '2024-04-31',
  '2024-1-1',
  '20240101',
  '2024-01-01T00:00',
  '',
])('%j is not a date that exists', (text) => {
  expect(dayOfDate(text)).toBeUndefined()
})
