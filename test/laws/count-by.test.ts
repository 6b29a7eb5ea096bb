// Counts by key beside a plain map of what happened, in every window, through the store and late.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyedOperator } from '../../src/features/operators.ts'
import { createCalendar } from '../../src/model/calendar.ts'
import type { Value } from '../../src/model/value.ts'
import { parseWindow, unitOf, type Window } from '../../src/model/window.ts'
import { TestState } from '../support/state-of.ts'
import { anchor, distance, near } from './instants.ts'
import { naiveContains } from './naive-windows.ts'

const ZONE = 'Europe/London'
const calendar = createCalendar(ZONE)
const WINDOWS: Record<string, Window> = { lifetime: { kind: 'lifetime' } }
for (const text of ['3h', '3d', '30d', 'month']) WINDOWS[text] = parseWindow(text)!

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Value>('a', 'b', 'ab', 'ba', 'Zoë 😀', 'x'.repeat(72)) },
  fc.constantFrom<Value>(1, '1', true, 0.5, '', 'x'.repeat(73), '__proto__', null, ['a'], { a: 1 }),
)
const step = fc.record({ ms: distance, key, reload: fc.boolean(), prune: fc.boolean() })

/** What the key is called; undefined if it is none. */
function nameOf(value: Value): string | undefined {
  if (value === null || typeof value === 'object' || value === '__proto__') return undefined
  return String(value).length > 72 ? undefined : String(value)
}

test.each(Object.entries(WINDOWS))(
  'over %s, counts are those of a plain map, the most frequent first',
  (_, window) => {
    const unit = unitOf(window)
    const operator = createKeyedOperator('countBy', 3, unit)
    const all = createKeyedOperator('countBy', 64, unit)
    fc.assert(
      fc.property(
        anchor(ZONE),
        fc.array(step, { maxLength: 40 }),
        distance.map(Math.abs),
        (start, steps, later) => {
          const state = new TestState()
          const happened: { at: number; name: string }[] = []
          let newest = 0
          for (const { ms, key, reload, prune } of steps) {
            const at = near(start, ms)
            newest = Math.max(newest, at)
            const name = nameOf(key)
            if (name !== undefined) happened.push({ at, name })
            operator.add(state.section, key, at, calendar.tile(unit, at))
            if (prune) operator.prune(state.section, calendar.windowStart(window, newest))
            if (reload) state.reload()
          }
          for (const readAt of [newest, newest + later]) {
            const contains = naiveContains(ZONE, window, readAt)
            const counts = new Map<string, number>()
            for (const { at, name } of happened) {
              if (contains(at)) counts.set(name, (counts.get(name) ?? 0) + 1)
            }
            const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
            const from = calendar.windowStart(window, readAt)
            expect(all.value(state.section, from)).toEqual(Object.fromEntries(sorted))
            // Names that are whole numbers come first in any JSON object.
            const top = operator.value(state.section, from) as object
            expect(Object.entries(top).toSorted()).toEqual(sorted.slice(0, 3).toSorted())
            expect(operator.error!(state.section, from)).toBeUndefined()
          }
        },
      ),
      { numRuns: 100 },
    )
  },
)

test('beyond its bound no count is too low, none too high by more than it says, and frequent keys are there', () => {
  const operator = createKeyedOperator('countBy', 64, 'all')
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 300, maxLength: 2_000 }), (drawn) => {
      const state = new TestState()
      const counts = new Map<string, number>()
      // Squares make some keys frequent and most rare.
      const keys = drawn.map((number) => `key-${Math.floor((number * number) / 300)}`)
      for (const key of keys) {
        counts.set(key, (counts.get(key) ?? 0) + 1)
        operator.add(state.section, key, 0, 0)
      }
      const shown = operator.value(state.section, 0) as Record<string, number>
      const error = operator.error!(state.section, 0) ?? 0
      expect(Object.keys(shown).length).toBe(Math.min(64, counts.size))
      for (const [key, count] of Object.entries(shown)) {
        expect(count).toBeGreaterThanOrEqual(counts.get(key)!)
        expect(count * (1 - error)).toBeLessThanOrEqual(counts.get(key)! + 1e-9)
      }
      for (const [key, count] of counts) if (count > keys.length / 64) expect(shown).toHaveProperty(key)
      expect(state.own.length).toBeLessThan(1_024)
    }),
    { numRuns: 30 },
  )
})
