// Zones and instants at which calendars go wrong: clock changes, half-hour zones, a skipped day, a
// midnight that comes twice, leap days, year ends and the epoch.
import fc from 'fast-check'

const EVERYWHERE = ['1970-01-02T00:00Z', '2023-12-31T23:30Z', '2024-02-29T12:00Z', '2100-02-28T22:00Z']

const CLOCK_CHANGES: Record<string, string[]> = {
  UTC: [],
  'Europe/London': ['1971-10-31T02:00Z', '2026-03-29T01:00Z', '2026-10-25T01:00Z'],
  'America/New_York': ['2026-03-08T07:00Z', '2026-11-01T06:00Z'],
  'Asia/Kolkata': [],
  'Australia/Lord_Howe': ['2026-04-04T15:00Z', '2026-10-03T15:30Z'],
  'Pacific/Apia': ['2011-12-30T10:00Z', '2012-03-31T14:00Z'],
  'America/St_Johns': ['2010-03-14T03:31Z', '2010-11-07T02:31Z', '2026-11-01T04:30Z'],
}

export const ZONES = Object.keys(CLOCK_CHANGES)

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** An instant at which something happens in the zone; 1970 or later, as every occurredAt. */
export function anchor(zone: string): fc.Arbitrary<number> {
  return fc.constantFrom(...EVERYWHERE, ...CLOCK_CHANGES[zone]!).map((text) => Date.parse(text))
}

/** A distance from an anchor: seconds to more than a year. */
export const distance: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -2 * MINUTE_MS, max: 2 * MINUTE_MS }),
  fc.integer({ min: -3 * 60, max: 3 * 60 }).map((minutes) => minutes * MINUTE_MS),
  fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }),
  fc.integer({ min: -400 * DAY_MS, max: 400 * DAY_MS }),
)

export const near = (anchorAt: number, distanceMs: number) => Math.max(0, anchorAt + distanceMs)
