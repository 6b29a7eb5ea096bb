// The windows a feature may have, and where they begin. Windows end at the instant they are read at, which is
// never before the user's newest action, so a window is always a suffix of the tiles.

/** What one tile covers. `all` is the single tile of a lifetime series. */
export type TileUnit = 'minute' | 'hour' | 'day' | 'all'

export type Window =
  | { kind: 'lifetime' }
  /** The current minute, hour or day in the definition's time zone and the `count - 1` before it. */
  | { kind: 'rolling'; unit: 'minute' | 'hour' | 'day'; count: number }
  | { kind: 'calendar'; period: 'day' | 'week' | 'month' | 'year' }
