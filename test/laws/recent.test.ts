// The newest different values beside a plain list of what happened, in every window, through the
// store and late.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyedOperator } from '../../src/features/operators.ts'
import { createCalendar } from '../../src/model/calendar.ts'
import type { Value } from '../../src/model/value.ts'
import { parseWindow, unitOf, type Window } from '../../src/model/window.ts'
import { TestState } from '../support/state-of.ts'
import { anchor, distance, near } from './instants.ts'
import { naiveContains } from './naive-windows.ts'

const ZONE = 'America/New_York'
const calendar = createCalendar(ZONE)
const WINDOWS: Record<string, Window> = { lifetime: { kind: 'lifetime' } }
for (const text of ['30m', '3d', '30d', 'month']) WINDOWS[text] = parseWindow(text)!
const TOP = 3

const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Value>('a', 'b', 'ab', '1', 1, 'true', true, 'Zoë 😀') },
  fc.constantFrom<Value>(0.5, false, '', 'x'.repeat(72), 'x'.repeat(73), null, ['a'], { a: 1 }, Number.NaN),
)
const step = fc.record({ ms: distance, value, reload: fc.boolean(), prune: fc.boolean() })

const isKept = (value: Value) =>
  ['string', 'number', 'boolean'].includes(typeof value) && !Number.isNaN(value) && String(value).length <= 72

test.each(Object.entries(WINDOWS))('over %s, they are those that a list of all says', (_, window) => {
  const unit = unitOf(window)
  const operator = createKeyedOperator('recent', TOP, unit)
  fc.assert(
    fc.property(
      anchor(ZONE),
      fc.array(step, { maxLength: 40 }),
      distance.map(Math.abs),
      (start, steps, later) => {
        const state = new TestState()
        const happened: { at: number; value: Value }[] = []
        let newest = 0
        for (const { ms, value, reload, prune } of steps) {
          const at = near(start, ms)
          newest = Math.max(newest, at)
          if (isKept(value)) happened.push({ at, value })
          operator.add(state.section, value, at, calendar.tile(unit, at))
          if (prune) operator.prune(state.section, calendar.windowStart(window, newest))
          if (reload) state.reload()
        }
        for (const readAt of [newest, newest + later]) {
          const contains = naiveContains(ZONE, window, readAt)
          const newestOf = new Map<Value, number>()
          for (const { at, value } of happened) {
            if (contains(at)) newestOf.set(value, Math.max(at, newestOf.get(value) ?? 0))
          }
          const shown = operator.value(state.section, calendar.windowStart(window, readAt)) as {
            value: Value
            at: string
          }[]
          // Values of one instant are in a fixed order, whichever it is.
          const instants = [...newestOf.values()].sort((a, b) => b - a).slice(0, TOP)
          expect(shown.map(({ at }) => Date.parse(at))).toEqual(instants)
          expect(new Set(shown.map(({ value }) => value)).size).toBe(shown.length)
          for (const { value, at } of shown) expect(newestOf.get(value)).toBe(Date.parse(at))
        }
      },
    ),
    { numRuns: 100 },
  )
})

test('the stored bytes do not depend on the order of arrival', () => {
  const operator = createKeyedOperator('recent', TOP, 'all')
  const action = fc.record({
    at: fc.integer({ min: 1, max: 6 }),
    value: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  })
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 12 }),
      fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
      (all, order) => {
        const bytesOf = (actions: typeof all) => {
          const state = new TestState()
          for (const { at, value } of actions) operator.add(state.section, value, at, 0)
          return state.stored
        }
        const shuffled = all.map((one, index) => [order[index]!, one] as const).sort((a, b) => a[0] - b[0])
        expect(bytesOf(shuffled.map(([, one]) => one)).equals(bytesOf(all))).toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})
