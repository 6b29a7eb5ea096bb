// Where windows begin, computed slowly and without the engine's calendar: luxon's local dates, and
// walking back over the clock minute by minute. The laws compare the engine with this.
import { DateTime } from 'luxon'
import type { Window } from '../../src/model/window.ts'

const MINUTE_MS = 60_000

/** Local date of the instant; before a midnight that comes twice, still the date before. */
export function naiveDate(zone: string, at: number): string {
  const dates = [at, at + MINUTE_MS].map((instant) => DateTime.fromMillis(instant, { zone }).toISODate()!)
  return dates.sort()[0]!
}

/** Whether an action at `occurredAt` is inside the window that ends at `at`. */
export function naiveContains(zone: string, window: Window, at: number): (occurredAt: number) => boolean {
  if (window.kind === 'lifetime') return () => true
  if (window.kind === 'rolling' && window.unit !== 'day') {
    const start = clockStart(zone, window.unit, window.count, at)
    return (occurredAt) => occurredAt >= start
  }
  const today = DateTime.fromISO(naiveDate(zone, at), { zone: 'utc' })
  const first =
    window.kind === 'rolling' ? today.minus({ days: window.count - 1 }) : today.startOf(window.period)
  return (occurredAt) => naiveDate(zone, occurredAt) >= first.toISODate()!
}

/**
 * First instant of the current clock hour (minute) and the `count - 1` before it, as real time
 * passes.
 */
export function clockStart(zone: string, unit: 'hour' | 'minute', count: number, at: number): number {
  const format = unit === 'hour' ? 'yyyy-MM-dd HH ZZZ' : 'yyyy-MM-dd HH:mm ZZZ'
  const tileOf = (instant: number) => DateTime.fromMillis(instant, { zone }).toFormat(format)
  let start = Math.floor(at / MINUTE_MS) * MINUTE_MS
  let tile = tileOf(start)
  for (let left = count; ; start -= MINUTE_MS) {
    const before = tileOf(start - MINUTE_MS)
    if (before !== tile) left -= 1
    if (left === 0) return start
    tile = before
  }
}
