// How many days, weeks or months in a row a user was active. A streak outlives as many periods
// without an action as its grace says; they do not count to its length.
import { firstDayOf, type Period, periodOf } from '../../model/period.ts'
import type { Section } from '../../numbers/section.ts'
import type { Operator } from '../operator.ts'
import { activeDays } from './active-periods.ts'

/** What is shown of a streak. */
export const STREAK_SHOWS = ['current', 'longest', 'endsAt'] as const
export type StreakShow = (typeof STREAK_SHOWS)[number]

export interface StreakOptions {
  per: Period
  /** Periods in a row without an action that a streak outlives. */
  grace: number
  show: StreakShow
}

/**
 * `current` and `endsAt` are read over a window of the present period and the `grace` + 1 before it:
 * the streak lives as long as its last day is in there.
 * @param startOfDay first instant of a day tile, epoch ms
 */
export function streak(options: StreakOptions, startOfDay: (day: number) => number): Operator {
  const { per, grace, show } = options
  const lives = ({ numbers, start, end }: Section, fromTile: number) =>
    end > start && numbers[end - 1]! >= fromTile
  const endOf = ({ numbers, end }: Section) =>
    startOfDay(firstDayOf(per, periodOf(per, numbers[end - 1]!) + grace + 2))
  return {
    ...activeDays,
    value(state, fromTile) {
      if (show === 'longest') return longest(options, state, false)
      if (!lives(state, fromTile)) return show === 'current' ? 0 : null
      return show === 'current' ? longest(options, state, true) : endOf(state)
    },
    /** Only when its last period leaves does a streak change. */
    oldest: (state, fromTile) => (lives(state, fromTile) ? state.numbers[state.end - 1] : undefined),
  }
}

/** Length of the longest streak, or of the last one. */
function longest({ per, grace }: StreakOptions, state: Section, onlyLast: boolean): number {
  const { numbers, start, end } = state
  let most = 0
  let length = 0
  /** The first period of the streak so far. */
  let begin = Number.POSITIVE_INFINITY
  for (let at = end - 2; at >= start; at -= 2) {
    const first = periodOf(per, numbers[at]!)
    const last = periodOf(per, numbers[at + 1]!)
    if (last + grace + 1 < begin) {
      if (onlyLast && length > 0) break
      length = 0
      begin = last + 1
    }
    // Two stretches may share a week or a month.
    length += Math.min(last, begin - 1) - first + 1
    begin = first
    most = Math.max(most, length)
  }
  return most
}
