// Decides which state is kept. Features that aggregate the same thing over the same kind of tile
// share one series, and each reads it through its own window.
import type { Operator } from '../features/operator.ts'
import {
  createActivityOperator,
  createKeyedOperator,
  createOperator,
  isActivity,
  isKeyed,
} from '../features/operators.ts'
import type { Series } from '../features/series.ts'
import type { Calendar } from '../model/calendar.ts'
import type { Window } from '../model/window.ts'
import type { Feature } from './definition.ts'
import { type FeatureDraft, typeOf } from './sections/features/features-section.ts'

export interface Shared {
  features: Feature[]
  series: Series[]
  /** For each series, canonical names of the windows that decide how long its tiles are kept. */
  retention: string[][]
}

export function shareSeries(drafts: readonly FeatureDraft[], calendar: Calendar): Shared {
  const groups = new Map<string, FeatureDraft[]>()
  for (const draft of drafts) {
    const key = keyOf(draft)
    const group = groups.get(key)
    if (group) group.push(draft)
    else groups.set(key, [draft])
  }
  // Sorted, so that moving features around in the document leaves the stored state valid.
  const keys = [...groups.keys()].sort()
  const windows = keys.map((key) => longest(groups.get(key)!.map((draft) => draft.kept)))
  return {
    features: drafts.map((draft) => toFeature(draft, keys.indexOf(keyOf(draft)), calendar)),
    series: keys.map((key, index) => toSeries(key, groups.get(key)![0]!, windows[index]!, calendar)),
    retention: windows.map((kept) => kept.map(nameOf).sort()),
  }
}

function keyOf({ aggregate, actions, where, of, by, top, unit }: FeatureDraft): string {
  return JSON.stringify([
    isActivity(aggregate) ? 'active days' : aggregate,
    actions ?? '*',
    where?.source ?? null,
    of?.source ?? null,
    unit,
    ...(by ? [by.source] : []),
    // It keeps as many values as it shows.
    ...(aggregate === 'recent' ? [top] : []),
  ])
}

function toFeature(draft: FeatureDraft, series: number, calendar: Calendar): Feature {
  const { aggregate, streak, top } = draft
  return {
    name: draft.name,
    series,
    window: draft.window,
    aggregate,
    operator: operatorOf(draft, calendar),
    ...(isActivity(aggregate) && { reads: JSON.stringify([aggregate, streak ?? null]) }),
    ...(aggregate === 'countBy' && { reads: `top ${top}` }),
    declared: draft.declared,
    type: typeOf(draft),
  }
}

function operatorOf({ aggregate, unit, streak, top }: FeatureDraft, calendar: Calendar): Operator {
  if (isKeyed(aggregate)) return createKeyedOperator(aggregate, top, unit)
  if (!isActivity(aggregate)) return createOperator(aggregate, unit)
  return createActivityOperator(aggregate, streak, (day) => calendar.startOf('day', day))
}

function toSeries(key: string, draft: FeatureDraft, windows: Window[], calendar: Calendar): Series {
  const { unit } = draft
  return {
    key,
    ...(draft.actions && { actions: new Set(draft.actions) }),
    ...(draft.where && { where: draft.where }),
    ...(draft.of && { of: draft.of }),
    ...(draft.by && { by: draft.by }),
    unit,
    operator: operatorOf(draft, calendar),
    firstTile: unit === 'all' ? () => Number.NEGATIVE_INFINITY : firstTileOf(windows),
  }

  /**
   * A window begins at the same tile for every instant of one tile, so the last answer usually
   * holds.
   */
  function firstTileOf(windows: Window[]): (newestMs: number) => number {
    let lastTile = Number.NaN
    let first = 0
    return (newestMs) => {
      const tile = calendar.tile(unit, newestMs)
      if (tile !== lastTile) {
        first = Math.min(...windows.map((window) => calendar.windowStart(window, newestMs)))
        lastTile = tile
      }
      return first
    }
  }
}

/**
 * Of the rolling windows over one series, only the longest counts. Calendar windows differ from day
 * to day.
 */
function longest(windows: Window[]): Window[] {
  const counts = windows.flatMap((window) => (window.kind === 'rolling' ? [window.count] : []))
  const most = Math.max(...counts)
  const kept = windows.filter((window) => window.kind !== 'rolling' || window.count === most)
  return [...new Map(kept.map((window) => [nameOf(window), window])).values()]
}

/** Canonical text of a window. */
export function nameOf(window: Window): string {
  if (window.kind === 'lifetime') return 'lifetime'
  if (window.kind === 'rolling') return `${window.count} ${window.unit}`
  return window.before ? `${window.period} and ${window.before} before` : window.period
}
