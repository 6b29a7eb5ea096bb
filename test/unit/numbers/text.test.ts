import fc from 'fast-check'
import { expect, test } from 'vitest'
import { putText, textAt, textBytes, textNumbers } from '../../../src/numbers/text.ts'

test('a text among numbers is read back, and its neighbours stay', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constant('é'.repeat(9_000)))
  fc.assert(
    fc.property(text, (text) => {
      const bytes = textBytes(text)
      const numbers = [1.5, ...Array<number>(textNumbers(bytes)).fill(7), 2.5]
      putText(text, numbers, 1)
      expect(textAt(numbers, 1, bytes)).toBe(text)
      expect([numbers[0], numbers.at(-1)]).toEqual([1.5, 2.5])
    }),
  )
})
