// In how many different days, weeks or months a user was active.
import { type Period, periodOf } from '../../model/period.ts'
import type { Section } from '../../numbers/section.ts'
import type { Operator } from '../operator.ts'
import { addDay, dropDaysBefore, firstStretchFrom } from './active-days.ts'

/** What all that read active days have in common. Their tiles are days. */
export const activeDays: Pick<Operator, 'add' | 'prune' | 'oldest' | 'tiles'> = {
  add: (state, _value, _at, tile) => addDay(state, tile),
  prune: dropDaysBefore,
  oldest(state, fromTile) {
    const first = firstStretchFrom(state, fromTile)
    return first === state.end ? undefined : Math.max(state.numbers[first]!, fromTile)
  },
  /** The first day of each stretch, and how many days it has. */
  tiles(state, fromTile) {
    const { numbers, end } = state
    const found: [number, number][] = []
    for (let at = firstStretchFrom(state, fromTile); at < end; at += 2) {
      const first = Math.max(numbers[at]!, fromTile)
      found.push([first, numbers[at + 1]! - first + 1])
    }
    return found
  },
}

/** A period counts if a day of it that lies in the window had an action. */
export function activePeriods(period: Period): Operator {
  return { ...activeDays, value: (state, fromTile) => countPeriods(period, state, fromTile) }
}

function countPeriods(period: Period, state: Section, fromTile: number): number {
  const { numbers, end } = state
  let count = 0
  let counted = Number.NEGATIVE_INFINITY
  for (let at = firstStretchFrom(state, fromTile); at < end; at += 2) {
    const first = periodOf(period, Math.max(numbers[at]!, fromTile))
    const last = periodOf(period, numbers[at + 1]!)
    count += last - Math.max(first, counted + 1) + 1
    counted = last
  }
  return count
}
