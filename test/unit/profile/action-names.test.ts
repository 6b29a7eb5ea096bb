import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addName, countNames, indexOfName, namesIn } from '../../../src/profile/action-names.ts'
import { TestState } from '../../support/state-of.ts'

const DECLARED = ['purchase', 'view']

test('names keep their order, declared or not', () => {
  const name = fc.oneof(fc.constantFrom(...DECLARED), fc.string({ unit: 'grapheme', minLength: 1 }))
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 20 }), (names) => {
      const state = new TestState()
      for (const [index, name] of names.entries()) {
        expect(indexOfName(state.section, name, DECLARED.indexOf(name))).toBe(-1)
        addName(state.section, name, DECLARED.indexOf(name))
        expect(countNames(state.section)).toBe(index + 1)
      }
      state.reload()
      expect(namesIn(state.section, DECLARED)).toEqual(names)
      for (const [index, name] of names.entries()) {
        expect(indexOfName(state.section, name, DECLARED.indexOf(name))).toBe(index)
      }
    }),
  )
})
