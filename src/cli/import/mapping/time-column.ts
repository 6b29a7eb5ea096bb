// Reads times as files write them: a pattern of luxon tokens and a zone, ISO 8601, or epoch
// numbers.
import { DateTime, IANAZone } from 'luxon'
import { createLocalClock, type LocalTime } from './local-clock.ts'

/** Formats that are not patterns of luxon tokens. */
export const NAMED_FORMATS = ['iso', 'epoch-ms', 'epoch-s'] as const

export type TimeReading = LocalTime | { problem: string }

export interface TimeReader {
  read(text: string): TimeReading
}

const NO_FIT = { problem: 'does not fit the format' }

/** Undefined if the format cannot be read. The zone holds for texts that name none themselves. */
export function createTimeReader(format: string, zone: string): TimeReader | undefined {
  if (format === 'epoch-ms') return { read: epoch(1) }
  if (format === 'epoch-s') return { read: epoch(1_000) }
  if (format === 'iso') return remembering(createLocalClock(zone, readIso))
  const parser = DateTime.buildFormatParser(format)
  const read = createLocalClock(zone, (text, inZone) =>
    DateTime.fromFormatParser(text, parser, { zone: inZone }),
  )
  // A pattern without a date, or with unknown tokens, cannot read back what it writes.
  const sample = DateTime.fromISO('2024-11-23T00:00:00', { zone })
  return sameDay(read(sample.toFormat(format)), sample) ? remembering(read) : undefined
}

export function isZone(zone: string): boolean {
  return IANAZone.isValidZone(zone)
}

/** Also with a blank for the `T`. A time alone is none: it would be one of today. */
function readIso(text: string, zone: string): DateTime {
  if (!/^\d{4}/.test(text)) return DateTime.invalid('no year')
  return /^\d{4}-\d{2}-\d{2} /.test(text)
    ? DateTime.fromSQL(text, { zone })
    : DateTime.fromISO(text, { zone })
}

function sameDay(time: LocalTime | undefined, day: DateTime): boolean {
  return time !== undefined && DateTime.fromMillis(time.at, { zone: day.zone }).hasSame(day, 'day')
}

/** Rows of one invoice or one log second share their time, and reading one costs about 10 µs. */
function remembering(read: (text: string) => LocalTime | undefined): TimeReader {
  let lastText: string | undefined
  let last: TimeReading = NO_FIT
  return {
    read(text) {
      if (text === lastText) return last
      last = read(text) ?? NO_FIT
      lastText = text
      return last
    },
  }
}

/** 1973-03-03: an earlier time in milliseconds is more likely one in seconds. */
const EPOCH_MS_MIN = 1e11
/** The year 5138: a later time is more likely one in a smaller unit. */
const EPOCH_MS_MAX = 1e14

function epoch(scale: 1 | 1_000): (text: string) => TimeReading {
  const unit = scale === 1 ? 'epoch-ms' : 'epoch-s'
  return (text) => {
    if (!/^-?\d{1,19}(\.\d+)?$/.test(text)) return NO_FIT
    const at = Math.round(Number(text) * scale)
    if (at > EPOCH_MS_MAX) {
      const smaller = scale === 1 ? 'microseconds' : 'milliseconds (epoch-ms)'
      return { problem: `is after the year 5000 as ${unit}; it looks like ${smaller}` }
    }
    if (scale === 1 && Math.abs(at) < EPOCH_MS_MIN) {
      const day = new Date(at).toISOString().slice(0, 10)
      return { problem: `is ${day} as ${unit}; it looks like seconds (epoch-s)` }
    }
    return { at, moved: false }
  }
}
