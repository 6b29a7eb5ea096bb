// A series: the state kept per user for one aggregate over one kind of tile. Features are views of
// a series. A feature names a series and a window, and the series gives the value of the tiles
// inside that window.

import type { Action } from '../model/action.ts'
import type { Expression, Value } from '../model/value.ts'
import type { TileUnit } from '../model/window.ts'
import type { Operator } from './operator.ts'

export interface Series {
  /** Canonical text of what the series depends on; equal keys mean one shared series. */
  key: string
  /** Names of the actions it counts; undefined means any. */
  actions?: ReadonlySet<string>
  where?: Expression
  of?: Expression
  /** Of each action the key that it counts to. */
  by?: Expression
  unit: TileUnit
  operator: Operator
  /**
   * First tile still needed if the user's newest action is at `newestMs`: the start of the longest
   * window that reads this series. Lifetime series answer -Infinity.
   */
  firstTile(newestMs: number): number
}

/** What an action of one of its names adds to the series; undefined if it does not count. */
export function contributionOf({ where, of, by }: Series, action: Action): Value | undefined {
  if (where && where.evaluate(action) !== true) return undefined
  if (by) return by.evaluate(action)
  return of ? of.evaluate(action) : true
}
