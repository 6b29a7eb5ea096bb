// Instants as clients write and get them: ISO 8601 with a zone, or epoch milliseconds.
import { dateOfDay } from './civil-date.ts'

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$/i
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** 9999-12-31T23:59:59.999Z */
export const INSTANT_MAX = 253_402_300_799_999

/**
 * Epoch milliseconds (integer, from 1970 to 9999) of an ISO 8601 text with a zone or a number of
 * epoch milliseconds; undefined if it is neither. Digits beyond the millisecond are cut off.
 */
export function parseInstant(value: unknown): number | undefined {
  // `+ 0` makes 0 of -0, which the log would not keep.
  if (typeof value === 'number') return inRange(Math.floor(value) + 0)
  if (typeof value !== 'string' || !ISO.test(value)) return undefined
  // Date.parse rolls the 30th of February over into March instead of refusing it.
  const day = Number(value.slice(8, 10))
  if (day > 28 && !dayExists(Number(value.slice(0, 4)), Number(value.slice(5, 7)), day)) return undefined
  return inRange(Date.parse(canonical(value)))
}

/**
 * ISO 8601 in UTC of epoch milliseconds. Instants share days, so the date of a day is written once:
 * a Date takes seven times as long, and a profile shows several instants.
 */
export function isoOf(at: number): string {
  if (!(at >= 0 && at <= INSTANT_MAX)) return new Date(at).toISOString()
  const day = Math.floor(at / DAY_MS)
  const ms = Math.floor(at - day * DAY_MS)
  const seconds = Math.floor(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const time = `${TWO[hours]}:${TWO[minutes - hours * 60]}:${TWO[seconds - minutes * 60]}`
  return `${dateOf(day)}T${time}.${THREE[ms - seconds * 1_000]}Z`
}

const DAY_MS = 86_400_000
const DATES_MAX = 10_000
const DATES = new Map<number, string>()
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))
const THREE = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'))

function dateOf(day: number): string {
  const known = DATES.get(day)
  if (known !== undefined) return known
  if (DATES.size >= DATES_MAX) DATES.clear()
  const date = dateOfDay(day)
  DATES.set(day, date)
  return date
}

function inRange(at: number): number | undefined {
  return at >= 0 && at <= INSTANT_MAX ? at : undefined
}

function dayExists(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return month === 2 && !leap ? day <= 28 : day <= (DAYS_IN_MONTH[month - 1] ?? 0)
}

/**
 * Zones written `+01` or `+0100` become `+01:00`, a decimal comma a point: the forms Date.parse
 * knows.
 */
function canonical(text: string): string {
  if (text.endsWith('Z')) return text.replace(',', '.')
  return text
    .toUpperCase()
    .replace(',', '.')
    .replace(/([+-]\d{2})(\d{2})?$/, (_all, hours, minutes) => `${hours}:${minutes ?? '00'}`)
}
