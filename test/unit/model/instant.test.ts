import fc from 'fast-check'
import { expect, test } from 'vitest'
import { INSTANT_MAX, isoOf } from '../../../src/model/instant.ts'

test('every instant is written as a Date writes it', () => {
  const instant = fc.oneof(
    fc.integer({ min: 0, max: INSTANT_MAX }),
    fc.constantFrom(0, 1, 86_399_999, 86_400_000, INSTANT_MAX, INSTANT_MAX + 1, -1, 1_709_164_800_000.5),
  )
  fc.assert(
    fc.property(instant, (at) => {
      expect(isoOf(at)).toBe(new Date(at).toISOString())
    }),
    { numRuns: 20_000 },
  )
})

test('what is no instant is refused as a Date refuses it', () => {
  expect(() => isoOf(Number.NaN)).toThrow(RangeError)
  expect(() => isoOf(Number.POSITIVE_INFINITY)).toThrow(RangeError)
})
