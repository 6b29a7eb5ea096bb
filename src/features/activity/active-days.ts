// The days on which a user was active: the state of `days`, `weeks`, `months` and `streak`.
//
// A state is a list of pairs: the first and the last day of a stretch of days without a gap, oldest
// first. So it is the same in whatever order the days came, and a long streak is one pair.
import { LIMITS } from '../../limits.ts'
import type { Numbers, Section } from '../../numbers/section.ts'

/** Adds a day. Beyond LIMITS.activeStretchesMax stretches, the oldest one is forgotten. */
export function addDay(state: Section, day: number): void {
  const { numbers, start, end } = state
  let next = end
  while (next > start && numbers[next - 2]! > day) next -= 2
  const known = next > start ? numbers[next - 1]! : Number.NEGATIVE_INFINITY
  if (known >= day) return
  const follows = known === day - 1
  const leads = next < end && numbers[next] === day + 1
  if (follows && leads) {
    numbers[next - 1] = numbers[next + 1]!
    state.remove(next, 2)
  } else if (follows) numbers[next - 1] = day
  else if (leads) numbers[next] = day
  else insertStretch(state, next, day)
}

function insertStretch(state: Section, place: number, day: number): void {
  state.insert(place, 2)
  state.numbers[place] = day
  state.numbers[place + 1] = day
  if (state.length > 2 * LIMITS.activeStretchesMax) state.remove(state.start, 2)
}

/** Drops the days before `firstDay`. */
export function dropDaysBefore(state: Section, firstDay: number): void {
  const first = firstStretchFrom(state, firstDay)
  state.remove(state.start, first - state.start)
  if (state.length > 0) state.numbers[state.start] = Math.max(state.numbers[state.start]!, firstDay)
}

/** Where the first stretch stands that ends on the day or later; the end if there is none. */
export function firstStretchFrom(
  { numbers, start, end }: { numbers: Numbers; start: number; end: number },
  day: number,
): number {
  let first = end
  while (first > start && numbers[first - 1]! >= day) first -= 2
  return first
}
