// Local time in the definition's zone: which minute, hour or day tile an instant falls into, and
// where windows begin. Pure: the zone's rules come from the runtime's time zone data.

import { firstDayOf, periodOf } from './period.ts'
import type { TileUnit, Window } from './window.ts'
import { type OffsetInterval, ZoneOffsets } from './zone-offsets.ts'

export interface Calendar {
  readonly timezone: string
  /**
   * Tile of the instant; never decreases as time goes on.
   * - `all`: 0.
   * - `day`: days since 1970-01-01 of the local date. If clocks go back at 00:01, midnight comes
   *   twice: the day begins at the second one, and the first minute counts to the day before.
   * - `hour`, `minute`: the instant the local clock hour (minute) began, in minutes since the epoch.
   *   Tiles are real time: an hour that comes twice is two tiles, and one cut by a transition is
   *   short.
   */
  tile(unit: TileUnit, at: number): number
  /** First tile of the window that ends at `at`; -Infinity for lifetime. */
  windowStart(window: Window, at: number): number
  /** First instant of the tile, epoch ms; not for `all`. */
  startOf(unit: Exclude<TileUnit, 'all'>, tile: number): number
  /**
   * First instant (epoch ms) at which the window no longer holds the tile; Infinity for lifetime.
   */
  leavesAt(window: Window, tile: number): number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const ONE_DAY: Window = { kind: 'rolling', unit: 'day', count: 1 }
/** Tiles of one window whose leaving is remembered. */
const KNOWN_TILES_MAX = 10_000

/** @param timezone an IANA name; RangeError if it is unknown */
export function createCalendar(timezone: string): Calendar {
  const offsets = new ZoneOffsets(timezone)

  function dayTile(at: number): number {
    const interval = offsets.at(at)
    return Math.floor(Math.min(at + interval.offsetMs, interval.nextLocalMs) / DAY_MS)
  }

  /** The clock tile `back` tiles before the one that holds `at`. */
  function clockTile(unitMs: number, at: number, back: number): number {
    let interval = offsets.at(at)
    let index = Math.floor((at + interval.offsetMs) / unitMs)
    let left = back
    for (;;) {
      const first = Math.floor((interval.from + interval.offsetMs) / unitMs)
      if (index - first >= left) return tileStart(interval, index - left, unitMs)
      left -= index - first + 1
      const before = interval.from - 1
      interval = offsets.at(before)
      index = Math.floor((before + interval.offsetMs) / unitMs)
    }
  }

  function windowStart(window: Window, at: number): number {
    if (window.kind === 'lifetime') return Number.NEGATIVE_INFINITY
    if (window.kind === 'calendar') {
      const { period, before = 0 } = window
      return firstDayOf(period, periodOf(period, dayTile(at)) - before)
    }
    if (window.unit === 'day') return dayTile(at) - window.count + 1
    return clockTile(window.unit === 'hour' ? HOUR_MS : MINUTE_MS, at, window.count - 1)
  }

  /**
   * Instants by tile for each window: users share days and hours, so the answer is usually known.
   */
  const leaving = new Map<Window, Map<number, number>>()

  function leavesAt(window: Window, tile: number): number {
    const known = leaving.get(window) ?? new Map<number, number>()
    leaving.set(window, known)
    let at = known.get(tile)
    if (at === undefined) {
      at = searchLeaving(window, tile)
      if (known.size >= KNOWN_TILES_MAX) known.clear()
      known.set(tile, at)
    }
    return at
  }

  /** By bisection: a window's start never goes back, and zones shift it by less than two days. */
  function searchLeaving(window: Window, tile: number): number {
    if (window.kind === 'lifetime') return Number.POSITIVE_INFINITY
    const tileMs = window.kind === 'calendar' || window.unit === 'day' ? DAY_MS : MINUTE_MS
    let low = tile * tileMs - 2 * DAY_MS
    let high = tile * tileMs + longestMs(window) + 2 * DAY_MS
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (windowStart(window, middle) > tile) high = middle
      else low = middle
    }
    return high
  }

  return {
    timezone,
    startOf: (unit, tile) => (unit === 'day' ? leavesAt(ONE_DAY, tile - 1) : tile * MINUTE_MS),
    windowStart,
    leavesAt,
    tile(unit, at) {
      if (unit === 'day') return dayTile(at)
      if (unit === 'all') return 0
      return clockTile(unit === 'hour' ? HOUR_MS : MINUTE_MS, at, 0)
    },
  }
}

/** No shorter than any window of this kind. */
function longestMs(window: Exclude<Window, { kind: 'lifetime' }>): number {
  if (window.kind === 'calendar') {
    const { period, before = 0 } = window
    return (before + 1) * { day: 1, week: 7, month: 31, year: 366 }[period] * DAY_MS
  }
  return window.count * { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS }[window.unit]
}

/**
 * `index` counts the zone's clock hours (minutes) as if its offset had always been the interval's.
 */
function tileStart(interval: OffsetInterval, index: number, unitMs: number): number {
  return Math.floor(Math.max(interval.from, index * unitMs - interval.offsetMs) / MINUTE_MS)
}
