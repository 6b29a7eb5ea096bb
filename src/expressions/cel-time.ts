// Local time inside expressions. cel-js reads zoned parts and zoneless texts through the time zone
// of the process. A profile must not depend on the machine that computes it, so these functions
// replace the library's.
import { parseInstant } from '../model/instant.ts'

const ZONES_MAX = 64
const zones = new Map<string, Intl.DateTimeFormat>()

/**
 * Parts of a Date in a zone, as CEL counts them: months, days of month and days of year from 0,
 * Sunday 0.
 */
export const ZONED_PARTS: Record<string, (local: Date) => number> = {
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getDayOfYear: (local) =>
    Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000),
  getFullYear: (local) => local.getUTCFullYear(),
  getHours: (local) => local.getUTCHours(),
  getMilliseconds: (local) => local.getUTCMilliseconds(),
  getMinutes: (local) => local.getUTCMinutes(),
  getMonth: (local) => local.getUTCMonth(),
  getSeconds: (local) => local.getUTCSeconds(),
}

/**
 * A Date whose UTC parts are the local parts of `at` in the zone. Throws RangeError on an unknown
 * zone.
 */
export function inZone(at: Date, zone: string): Date {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map((part) => [part.type, Number(part.value)]),
  )
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  return new Date(
    Date.UTC(
      of('year'),
      of('month') - 1,
      of('day'),
      of('hour'),
      of('minute'),
      of('second'),
      at.getUTCMilliseconds(),
    ),
  )
}

/** True if the runtime knows the zone, such as `Europe/London` or `+05:30`. */
export function isZone(zone: string): boolean {
  try {
    return formatOf(zone) !== undefined
  } catch {
    return false
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = zones.get(zone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  if (zones.size >= ZONES_MAX) zones.clear()
  zones.set(zone, format)
  return format
}

/**
 * The instant of an ISO 8601 text with a zone, or of epoch seconds. Throws RangeError if it is
 * none.
 */
export function toInstant(value: string | bigint): Date {
  const at = parseInstant(typeof value === 'bigint' ? Number(value) * 1000 : value)
  if (at === undefined) throw new RangeError('not an instant')
  return new Date(at)
}
