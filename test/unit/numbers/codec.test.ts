import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Reader, Writer } from '../../../src/numbers/codec.ts'
import { emptySections, lengthOf, Section } from '../../../src/numbers/section.ts'

function bytesOf(...numbers: number[]): Buffer {
  const writer = new Writer()
  for (const number of numbers) writer.number(number)
  return writer.take()
}

function readBack(bytes: Buffer, count: number): number[] {
  const reader = new Reader(bytes)
  const numbers = Array.from({ length: count }, () => reader.number())
  expect(reader.done).toBe(true)
  return numbers
}

const instant = fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 })
const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.maxSafeInteger(),
  fc.integer({ min: -99_999_999, max: 99_999_999 }).map((cents) => cents / 100),
  instant,
  instant.chain((at) => fc.integer({ min: -70_000, max: 70_000 }).map((near) => at + near)),
)

test('whatever is written is read back, whatever stood before it', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 30 }), (numbers) => {
      const read = readBack(bytesOf(...numbers), numbers.length)
      expect(read.length).toBe(numbers.length)
      for (const [index, number] of numbers.entries()) expect(read[index]).toBe(number)
    }),
    { numRuns: 2_000 },
  )
})

const EDGES = [
  127,
  128,
  2 ** 14 - 1,
  2 ** 14,
  2 ** 16 - 1,
  2 ** 16,
  2 ** 24,
  2 ** 31,
  2 ** 32,
  2 ** 44,
  2 ** 53,
]
const OTHERS = [0, 0.01, 99.99, 0.1 + 0.2, 1e-300, (2 ** 50 - 1) / 100, 2 ** 50 / 100 + 0.01]
const ENDS = [Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NaN]

test.each([...EDGES.flatMap((edge) => [edge - 1, edge, edge + 1]), ...OTHERS, ...ENDS])(
  'the number %d keeps its value, as does its opposite',
  (value) => {
    expect(readBack(bytesOf(value, -value, value), 3)).toEqual([value, -value, value])
  },
)

test.each<[string, number[], number]>([
  ['a small integer', [127], 1],
  ['a count of thousands', [16_383], 2],
  ['a hash', [2 ** 53 - 1], 8],
  ['a price', [12.34], 3],
  ['a fraction', [1 / 3], 9],
  ['an instant', [1_764_547_200_000], 7],
  ['an instant a minute after another', [1_764_547_200_000, 1_764_547_260_000], 7 + 3],
  ['the same instant twice', [1_764_547_200_000, 1_764_547_200_000], 7 + 1],
])('%s takes few bytes', (_, numbers, length) => {
  expect(bytesOf(...numbers)).toHaveLength(length)
})

test('more numbers than the first buffer holds are kept', () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => index / 7)
  expect(readBack(bytesOf(...numbers), numbers.length)).toEqual(numbers)
})

test('sections come back as they were, without spare room', () => {
  fc.assert(
    fc.property(fc.array(fc.array(number, { maxLength: 40 }), { minLength: 1, maxLength: 6 }), (lists) => {
      const holder = { numbers: emptySections(lists.length) }
      for (const [index, list] of lists.entries()) {
        const section = new Section().select(holder, index)
        section.insert(section.start, list.length)
        for (const [place, number] of list.entries()) section.numbers[section.start + place] = number
      }
      const writer = new Writer()
      writer.sections(holder.numbers)
      const reader = new Reader(writer.take())
      const read = reader.sections(lists.length)
      expect(reader.done).toBe(true)
      expect(read).toEqual(holder.numbers.slice(0, lengthOf(holder.numbers)))
    }),
  )
})

test('every cut of a stored sequence is refused with a RangeError', () => {
  const numbers = [Math.PI, 0.5, 300, 2 ** 52, -7, 1_764_547_200_000]
  const whole = bytesOf(...numbers)
  for (let length = 0; length < whole.length; length += 1) {
    expect(
      () => readBack(Buffer.from(whole.subarray(0, length)), numbers.length),
      `cut at ${length}`,
    ).toThrow(RangeError)
  }
})
