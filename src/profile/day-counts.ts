// Actions per local day and name, for ad hoc counts over any span of days.
import { LIMITS } from '../limits.ts'
import { appended } from '../model/lean-array.ts'
import type { DayCounts } from './profile.ts'

/** The name for further actions after a user has done too many kinds of them. */
export const OTHER_ACTIONS = '*'

/**
 * Counts one action.
 * @param newestDay day tile of the user's newest action. Days too long before it are dropped
 */
export function countAction(counts: DayCounts, action: string, day: number, newestDay: number): void {
  const oldestDay = newestDay - LIMITS.countDaysMax + 1
  if (day < oldestDay) return
  const name = nameIndex(counts, action)
  const { entries } = counts
  const at = placeAfter(entries, day, name)
  if (at > 0 && entries[at - 3] === day && entries[at - 2] === name) {
    entries[at - 1] = (entries[at - 1] as number) + 1
    return
  }
  if (at === entries.length) counts.entries = appended(entries, [day, name, 1])
  else entries.splice(at, 0, day, name, 1)
  if ((counts.entries[0] as number) < oldestDay) drop(counts.entries, oldestDay)
}

/** Where the entries after this day and name begin. Most actions are new: the end is looked at first. */
function placeAfter(entries: number[], day: number, name: number): number {
  const { length } = entries
  if (length === 0 || !isAfter(entries, length - 3, day, name)) return length
  let [low, high] = [0, length / 3 - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isAfter(entries, 3 * middle, day, name)) high = middle
    else low = middle + 1
  }
  return 3 * low
}

function isAfter(entries: number[], at: number, day: number, name: number): boolean {
  const entryDay = entries[at] as number
  return entryDay > day || (entryDay === day && (entries[at + 1] as number) > name)
}

function nameIndex(counts: DayCounts, action: string): number {
  const { names } = counts
  const known = names.indexOf(action)
  if (known >= 0) return known
  const name = names.length < LIMITS.countNamesMax - 1 ? action : OTHER_ACTIONS
  const other = name === OTHER_ACTIONS ? names.indexOf(OTHER_ACTIONS) : -1
  if (other >= 0) return other
  // Copied, so that a short list keeps no spare room.
  counts.names = names.concat(name)
  return names.length
}

/** True if the action, were it ever done, is counted under OTHER_ACTIONS. */
export function isAmongOthers({ names }: DayCounts, action: string): boolean {
  return names.includes(OTHER_ACTIONS) && !names.includes(action)
}

function drop(entries: number[], oldestDay: number): void {
  let cut = 0
  while (cut < entries.length && (entries[cut] as number) < oldestDay) cut += 3
  entries.splice(0, cut)
}

/**
 * Counts per day from `from` to `to` (day tiles, inclusive), of one action or of all; days without
 * any are left out.
 */
export function countsBetween(
  counts: DayCounts,
  action: string | undefined,
  from: number,
  to: number,
): Map<number, number> {
  const wanted = action === undefined ? -1 : counts.names.indexOf(action)
  const days = new Map<number, number>()
  if (action !== undefined && wanted < 0) return days
  for (let at = 0; at < counts.entries.length; at += 3) {
    const [day, name, count] = counts.entries.slice(at, at + 3) as [number, number, number]
    if (day < from || day > to || (wanted >= 0 && name !== wanted)) continue
    days.set(day, (days.get(day) ?? 0) + count)
  }
  return days
}
