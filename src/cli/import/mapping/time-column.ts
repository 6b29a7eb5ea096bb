// Reads times as files write them: a pattern of luxon tokens and a zone, ISO 8601, or epoch
// numbers.
import { DateTime, IANAZone } from 'luxon'

/** Formats that are not patterns of luxon tokens. */
export const NAMED_FORMATS = ['iso', 'epoch-ms', 'epoch-s'] as const

export interface TimeReader {
  /** Epoch milliseconds; undefined if the text does not fit the format or is no real date. */
  read(text: string): number | undefined
}

/** Undefined if the format cannot be read. The zone holds for texts that name none themselves. */
export function createTimeReader(format: string, zone: string): TimeReader | undefined {
  if (format === 'iso') return remembering((text) => DateTime.fromISO(text, { zone }).toMillis())
  if (format === 'epoch-ms') return { read: epoch(1) }
  if (format === 'epoch-s') return { read: epoch(1_000) }
  const parser = DateTime.buildFormatParser(format)
  const read = (text: string) => DateTime.fromFormatParser(text, parser, { zone }).toMillis()
  // A pattern without a date, or with unknown tokens, cannot read back what it writes.
  const sample = DateTime.fromISO('2024-11-23T00:00:00', { zone })
  return sameDay(read(sample.toFormat(format)), sample) ? remembering(read) : undefined
}

export function isZone(zone: string): boolean {
  return IANAZone.isValidZone(zone)
}

function sameDay(at: number, day: DateTime): boolean {
  return !Number.isNaN(at) && DateTime.fromMillis(at, { zone: day.zone }).hasSame(day, 'day')
}

/** Rows of one invoice or one log second share their time, and reading one costs about 9 µs. */
function remembering(read: (text: string) => number): TimeReader {
  let lastText: string | undefined
  let last: number | undefined
  return {
    read(text) {
      if (text === lastText) return last
      const at = read(text)
      lastText = text
      last = Number.isNaN(at) ? undefined : at
      return last
    },
  }
}

function epoch(scale: number): (text: string) => number | undefined {
  return (text) => (/^-?\d{1,16}(\.\d+)?$/.test(text) ? Math.round(Number(text) * scale) : undefined)
}
