// Ad hoc counts per local day, as readers see them.

import type { Definition } from '../definition/definition.ts'
import { LIMITS } from '../limits.ts'
import { dateOfDay } from '../model/civil-date.ts'
import { Section } from '../numbers/section.ts'
import { indexOfName } from './action-names.ts'
import { countsBetween, isAmongOthers, OTHER_ACTIONS } from './day-counts.ts'
import { LIST, type Profile, placeOf } from './profile.ts'

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
  definition: Definition,
  profile: Profile,
  { action, from, to }: { action?: string; from?: number; to?: number },
): DayCountsRead {
  const newestDay = definition.calendar.tile('day', profile.newestAt)
  const coveredFrom = dateOfDay(newestDay - LIMITS.countDaysMax + 1)
  const names = new Section().select(profile, placeOf(definition, LIST.names))
  const declared = action === undefined ? -1 : definition.placeOfAction(action)
  if (action !== undefined && isAmongOthers(names, action, declared)) {
    return { coveredFrom, total: null, countedAs: OTHER_ACTIONS, counts: [] }
  }
  const name = action === undefined ? undefined : indexOfName(names, action, declared)
  const list = new Section().select(profile, placeOf(definition, LIST.days))
  const days = countsBetween(list, name, from ?? -Infinity, to ?? Infinity)
  const counts = [...days].sort(([a], [b]) => a - b).map(([day, count]) => ({ date: dateOfDay(day), count }))
  return {
    coveredFrom,
    total: counts.reduce((sum, { count }) => sum + count, 0),
    counts,
  }
}
