// Actions per local day and name, for ad hoc counts over any span of days. A list of triples: day
// tile, index of the name, count; by day, then by name.
import { LIMITS } from '../limits.ts'
import type { Numbers, Section } from '../numbers/section.ts'
import { addName, countNames, indexOfName } from './action-names.ts'

/** The name for further actions after a user has done too many kinds of them. */
export const OTHER_ACTIONS = '*'

const UNDECLARED = -1

/**
 * Counts one action.
 * @param name its index among the user's names
 * @param newestDay day tile of the user's newest action. Days too long before it are dropped
 */
export function countOnDay(days: Section, name: number, day: number, newestDay: number): void {
  const oldestDay = newestDay - LIMITS.countDaysMax + 1
  const at = placeAfter(days, day, name)
  if (at > days.start && days.numbers[at - 3] === day && days.numbers[at - 2] === name) {
    days.numbers[at - 1]! += 1
    return
  }
  days.insert(at, 3)
  const { numbers, start } = days
  numbers[at] = day
  numbers[at + 1] = name
  numbers[at + 2] = 1
  if (numbers[start]! < oldestDay) drop(days, oldestDay)
}

/** Where the entries after this day and name begin. Most actions are new: the end is looked at first. */
function placeAfter({ numbers, start, end }: Section, day: number, name: number): number {
  if (start === end || !isAfter(numbers, end - 3, day, name)) return end
  let [low, high] = [0, (end - start) / 3 - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isAfter(numbers, start + 3 * middle, day, name)) high = middle
    else low = middle + 1
  }
  return start + 3 * low
}

function isAfter(numbers: Numbers, at: number, day: number, name: number): boolean {
  const entryDay = numbers[at]!
  return entryDay > day || (entryDay === day && numbers[at + 1]! > name)
}

/**
 * The index of an action's name among the user's names. It is added if it is new.
 * @param declared its place in the definition; -1 if it is not declared
 */
export function nameIndex(names: Section, action: string, declared: number): number {
  const known = indexOfName(names, action, declared)
  if (known >= 0) return known
  const count = countNames(names)
  if (count < LIMITS.countNamesMax - 1) {
    addName(names, action, declared)
    return count
  }
  const other = indexOfName(names, OTHER_ACTIONS, UNDECLARED)
  if (other >= 0) return other
  addName(names, OTHER_ACTIONS, UNDECLARED)
  return count
}

/** True if the action, were it ever done, is counted under OTHER_ACTIONS. */
export function isAmongOthers(names: Section, action: string, declared: number): boolean {
  return indexOfName(names, OTHER_ACTIONS, UNDECLARED) >= 0 && indexOfName(names, action, declared) < 0
}

function drop(days: Section, oldestDay: number): void {
  let { start: kept, numbers } = days
  while (kept < days.end && numbers[kept]! < oldestDay) kept += 3
  days.remove(days.start, kept - days.start)
}

/**
 * Counts per day from `from` to `to` (day tiles, inclusive), of one action or of all; days without
 * any are left out.
 * @param name its index among the user's names; undefined: all
 */
export function countsBetween(
  { numbers, start, end }: Section,
  name: number | undefined,
  from: number,
  to: number,
): Map<number, number> {
  const days = new Map<number, number>()
  for (let at = start; at < end; at += 3) {
    const day = numbers[at]!
    if (day < from || day > to || (name !== undefined && numbers[at + 1] !== name)) continue
    days.set(day, (days.get(day) ?? 0) + numbers[at + 2]!)
  }
  return days
}
