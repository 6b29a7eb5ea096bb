// Ad hoc counts per local day, as readers see them.
import { LIMITS } from '../limits.ts'
import type { Calendar } from '../model/calendar.ts'
import { dateOfDay } from '../model/civil-date.ts'
import { countsBetween, isAmongOthers, OTHER_ACTIONS } from './day-counts.ts'
import type { Profile } from './profile.ts'

export interface DayCountsRead {
  coveredFrom: string
  /** Null if the action has no count of its own. */
  total: number | null
  /** Then: the name under which it is counted with others. */
  countedAs?: string
  counts: { date: string; count: number }[]
}

/**
 * @param from first day tile wanted; default: the first that is held
 * @param to last day tile wanted; default: the newest action's day
 */
export function readDayCounts(
  calendar: Calendar,
  profile: Profile,
  { action, from, to }: { action?: string; from?: number; to?: number },
): DayCountsRead {
  const newestDay = calendar.tile('day', profile.newestAt)
  const coveredFrom = dateOfDay(newestDay - LIMITS.countDaysMax + 1)
  if (action !== undefined && isAmongOthers(profile.counts, action)) {
    return { coveredFrom, total: null, countedAs: OTHER_ACTIONS, counts: [] }
  }
  const days = countsBetween(profile.counts, action, from ?? -Infinity, to ?? Infinity)
  const counts = [...days].sort(([a], [b]) => a - b).map(([day, count]) => ({ date: dateOfDay(day), count }))
  return {
    coveredFrom,
    total: counts.reduce((sum, { count }) => sum + count, 0),
    counts,
  }
}
