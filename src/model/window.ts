// The windows a feature may have, and the tiles they are made of. Windows end at the instant they
// are read at, which is never before the user's newest action, so a window is always a suffix of
// the tiles.
import { durationMs } from './duration.ts'
import { PERIODS, type Period } from './period.ts'

/** What one tile covers. `all` is the single tile of a lifetime series. */
export type TileUnit = 'minute' | 'hour' | 'day' | 'all'

export type Window =
  | { kind: 'lifetime' }
  /**
   * The current minute, hour or day in the definition's time zone and the `count - 1` before it.
   */
  | { kind: 'rolling'; unit: 'minute' | 'hour' | 'day'; count: number }
  /** The current period, and `before` periods before it. */
  | { kind: 'calendar'; period: Period; before?: number }

const ROLLING_UNITS = { m: 'minute', h: 'hour', d: 'day' } as const

/** Longest rolling window; the calendar knows its zone's transitions this far back. */
const WINDOW_MS_MAX = 40 * 365 * 86_400_000

/**
 * The window of `15m`, `24h`, `30d`, `day`, `week`, `month` or `year`; undefined for any other
 * text.
 */
export function parseWindow(text: string): Window | undefined {
  const period = PERIODS.find((name) => name === text)
  if (period) return { kind: 'calendar', period }
  const match = /^([1-9]\d*)([mhd])$/.exec(text)
  const length = match ? durationMs(text) : undefined
  if (!match || length === undefined || length > WINDOW_MS_MAX) return undefined
  const unit = ROLLING_UNITS[match[2] as keyof typeof ROLLING_UNITS]
  return { kind: 'rolling', unit, count: Number(match[1]) }
}

/** The tiles that a series needs for this window. */
export function unitOf(window: Window): TileUnit {
  if (window.kind === 'lifetime') return 'all'
  return window.kind === 'calendar' ? 'day' : window.unit
}
