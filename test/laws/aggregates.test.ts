import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createOperator, VALUE_AGGREGATES } from '../../src/features/operators.ts'
import { type Calendar, createCalendar } from '../../src/model/calendar.ts'
import type { Value } from '../../src/model/value.ts'
import { parseWindow, unitOf, type Window } from '../../src/model/window.ts'
import { TestState } from '../support/state-of.ts'
import { anchor, distance, near, ZONES } from './instants.ts'
import { type Happened, NAIVE } from './naive-aggregates.ts'
import { naiveContains } from './naive-windows.ts'

const WINDOWS: Record<string, Window> = { lifetime: { kind: 'lifetime' } }
for (const text of ['30m', '5h', '3d', '30d', 'day', 'week', 'month', 'year'])
  WINDOWS[text] = parseWindow(text)!

const exactDouble = fc
  .double({ min: -(2 ** 200), max: 2 ** 200, noNaN: true })
  .filter((value) => value === 0 || Math.abs(value) >= 2 ** -200)
const number = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.integer({ min: 0, max: 99_999 }).map((cents) => cents / 100),
  exactDouble,
)
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: number },
  fc.constantFrom<Value>('', '1', 'shoes', 'Zoë 😀', true, false, null, [1, 'a'], { a: { b: null } }),
)

/** One accepted action, and whether the state is stored and loaded, or pruned, right after it. */
const step = fc.record({ ms: distance, value, reload: fc.boolean(), prune: fc.boolean() })

const story = fc.constantFrom(...ZONES).chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    anchorAt: anchor(zone),
    steps: fc.array(step, { maxLength: 25 }),
    readAfter: fc.array(distance.map(Math.abs), { minLength: 1, maxLength: 2 }),
  }),
)

const calendars = new Map<string, Calendar>(ZONES.map((zone) => [zone, createCalendar(zone)]))

describe.each(VALUE_AGGREGATES)('%s', (name) => {
  test.each(Object.entries(WINDOWS))(
    'over %s equals the naive oracle, whatever came late, was pruned, stored or read later',
    (_, window) => {
      const unit = unitOf(window)
      const operator = createOperator(name, unit)
      fc.assert(
        fc.property(story, ({ zone, anchorAt, steps, readAfter }) => {
          const calendar = calendars.get(zone)!
          const happened: Happened[] = []
          let newest = 0
          const state = new TestState()
          for (const { ms, value, reload, prune } of steps) {
            const at = near(anchorAt, ms)
            newest = Math.max(newest, at)
            happened.push({ at, value })
            operator.add(state.section, value, at, calendar.tile(unit, at))
            if (prune) operator.prune(state.section, calendar.windowStart(window, newest))
            if (reload) state.reload()
          }
          for (const readAt of [newest, ...readAfter.map((ms) => newest + ms)]) {
            const contains = naiveContains(zone, window, readAt)
            const expected = NAIVE[name](happened.filter(({ at }) => contains(at)))
            const start = calendar.windowStart(window, readAt)
            expect(operator.value(state.section, start)).toEqual(expected)
            expect(operator.error?.(state.section, start)).toBeUndefined()
          }
        }),
        { numRuns: 70 },
      )
    },
  )
})
