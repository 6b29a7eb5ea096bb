// Days, weeks, months and years of the calendar, numbered one after the other. Days are the day
// tiles: days since 1970-01-01.
import { civilOf, dayOf } from './civil-date.ts'

export const PERIODS = ['day', 'week', 'month', 'year'] as const
export type Period = (typeof PERIODS)[number]

/** The number of the period that holds the day. */
export function periodOf(period: Period, day: number): number {
  if (period === 'day') return day
  // 1970-01-01 was a Thursday; ISO weeks begin on Monday.
  if (period === 'week') return Math.floor((day + 3) / 7)
  const { year, month } = civilOf(day)
  return period === 'month' ? year * 12 + month - 1 : year
}

/** The first day of the period with this number. */
export function firstDayOf(period: Period, number: number): number {
  if (period === 'day') return number
  if (period === 'week') return number * 7 - 3
  return period === 'month' ? dayOf(Math.floor(number / 12), (number % 12) + 1, 1) : dayOf(number, 1, 1)
}
