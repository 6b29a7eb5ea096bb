// Local time in the definition's zone: which minute, hour or day tile an instant falls into, and where windows
// begin. Pure: the zone's rules come from the runtime's time zone data.
import type { TileUnit, Window } from '../features/window.ts'

export interface Calendar {
  readonly timezone: string
  /** Tile of the instant: 0 for `all`, days since 1970-01-01 of the local date for `day`. */
  tile(unit: TileUnit, at: number): number
  /** First tile of the window that ends at `at`; -Infinity for lifetime. */
  windowStart(window: Window, at: number): number
}
