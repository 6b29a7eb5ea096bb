import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptySections, lengthOf, Section, sectionOf } from '../../../src/numbers/section.ts'

const SECTIONS = 4

const step = fc.record({
  section: fc.nat(SECTIONS - 1),
  place: fc.nat(2_000),
  count: fc.oneof(fc.nat(4), fc.nat(2_000)),
  grows: fc.boolean(),
})

test('sections grow and shrink anywhere, and the others keep what they hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const holder = { numbers: emptySections(SECTIONS) }
      const lists: number[][] = Array.from({ length: SECTIONS }, () => [])
      const cursor = new Section()
      let next = 0.5
      for (const { section, place, count, grows } of steps) {
        const list = lists[section]!
        cursor.select(holder, section)
        const at = Math.min(place, list.length)
        if (grows) {
          cursor.insert(cursor.start + at, count)
          const added = Array.from({ length: count }, () => next++)
          for (const [index, number] of added.entries()) cursor.numbers[cursor.start + at + index] = number
          list.splice(at, 0, ...added)
        } else {
          const removed = Math.min(count, list.length - at)
          cursor.remove(cursor.start + at, removed)
          list.splice(at, removed)
        }
        expect(cursor.length).toBe(list.length)
        expect(cursor.numbers).toBe(holder.numbers)
        expect(lists.map((_, index) => sectionOf(holder, index))).toEqual(lists)
      }
    }),
  )
})

test('what a section takes in moves only what is behind it', () => {
  const holder = { numbers: emptySections(2) }
  const first = new Section().select(holder, 0)
  first.insert(first.start, 1)
  const part = new Section().within(first, first.start, first.end)
  part.insert(part.end, 2)
  expect(first.again().length).toBe(3)
  expect(new Section().select(holder, 1).length).toBe(0)
})

test('there is little spare room, and most of it is given back after a large list has gone', () => {
  const holder = { numbers: emptySections(1) }
  const section = new Section().select(holder, 0)
  for (let count = 0; count < 1_000; count++) {
    section.insert(section.end, 1)
    expect(holder.numbers.length).toBeLessThanOrEqual(lengthOf(holder.numbers) * 1.25 + 16)
  }
  section.remove(section.start, 990)
  expect(holder.numbers.length).toBeLessThan(100)
})
