import fc from 'fast-check'
import { DateTime } from 'luxon'
import { describe, expect, test } from 'vitest'
import { createCalendar } from '../../src/model/calendar.ts'
import { dateOfDay } from '../../src/model/civil-date.ts'
import { parseWindow } from '../../src/model/window.ts'
import { anchor, distance, near, ZONES } from './instants.ts'
import { clockStart, naiveContains, naiveDate } from './naive-windows.ts'

const UNITS = ['minute', 'hour', 'day'] as const
const DAY_WINDOWS = ['1d', '2d', '7d', '30d', '366d', 'day', 'week', 'month', 'year']

describe.each(ZONES)('in %s', (zone) => {
  const calendar = createCalendar(zone)
  const instant = fc.tuple(anchor(zone), distance).map(([at, ms]) => near(at, ms))

  test('the day tile is the local date', () => {
    fc.assert(
      fc.property(instant, (at) => {
        expect(dateOfDay(calendar.tile('day', at))).toBe(naiveDate(zone, at))
      }),
    )
  })

  test('the hour and minute tiles begin when the local clock hour and minute began', () => {
    fc.assert(
      fc.property(instant, (at) => {
        for (const unit of ['hour', 'minute'] as const) {
          expect(calendar.tile(unit, at) * 60_000).toBe(clockStart(zone, unit, 1, at))
        }
      }),
      { numRuns: 40 },
    )
  })

  test('tiles never decrease as time goes on', () => {
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        for (const unit of UNITS) {
          const [earlier, later] = [Math.min(one, other), Math.max(one, other)]
          expect(calendar.tile(unit, earlier)).toBeLessThanOrEqual(calendar.tile(unit, later))
        }
      }),
    )
  })

  test('windows of days and periods begin on the date that luxon gives', () => {
    fc.assert(
      fc.property(instant, distance, fc.constantFrom(...DAY_WINDOWS), (at, back, text) => {
        const window = parseWindow(text)!
        const occurredAt = near(at, -Math.abs(back))
        const inside = calendar.tile('day', occurredAt) >= calendar.windowStart(window, at)
        expect(inside).toBe(naiveContains(zone, window, at)(occurredAt))
      }),
    )
  })

  test('windows of hours and minutes begin where walking back over the clock ends', () => {
    fc.assert(
      fc.property(instant, fc.constantFrom('1h', '2h', '5h', '24h', '1m', '90m'), (at, text) => {
        const window = parseWindow(text)!
        if (window.kind !== 'rolling' || window.unit === 'day') throw new Error(`${text} is no clock window`)
        expect(calendar.windowStart(window, at) * 60_000).toBe(
          clockStart(zone, window.unit, window.count, at),
        )
      }),
      { numRuns: 30 },
    )
  })
})

test('a long window of hours crosses every clock change of ten years', () => {
  const calendar = createCalendar('Europe/London')
  const at = DateTime.fromISO('2026-07-01T12:30', { zone: 'Europe/London' })
  const hours = 87_672
  const window = { kind: 'rolling', unit: 'hour', count: hours } as const
  // London's clock changes are whole hours, so that its hour tiles are the hours of UTC.
  const expected = Math.floor(at.toMillis() / 3_600_000) - hours + 1
  expect(calendar.windowStart(window, at.toMillis())).toBe(expected * 60)
})
