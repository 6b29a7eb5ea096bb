import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Reader, Writer } from '../../../src/model/codec.ts'

function roundTrip<T>(write: (to: Writer) => void, read: (from: Reader) => T): T {
  const writer = new Writer()
  write(writer)
  const reader = new Reader(writer.take())
  const value = read(reader)
  expect(reader.done).toBe(true)
  return value
}

const text = fc.string({ unit: 'binary' })

test('whatever is written is read back', () => {
  fc.assert(
    fc.property(
      fc.nat(Number.MAX_SAFE_INTEGER),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      fc.double(),
      text,
      (unsigned, signed, double, string) => {
        expect(
          roundTrip(
            (to) => to.varint(unsigned),
            (from) => from.varint(),
          ),
        ).toBe(unsigned)
        expect(
          roundTrip(
            (to) => to.signed(signed),
            (from) => from.signed(),
          ),
        ).toBe(signed === 0 ? 0 : signed)
        expect(
          roundTrip(
            (to) => to.number(double),
            (from) => from.number(),
          ),
        ).toBe(double)
        expect(
          roundTrip(
            (to) => to.number(signed),
            (from) => from.number(),
          ),
        ).toBe(signed === 0 ? 0 : signed)
        expect(
          roundTrip(
            (to) => to.hash(unsigned),
            (from) => from.hash(),
          ),
        ).toBe(unsigned)
        expect(
          roundTrip(
            (to) => to.text(string),
            (from) => from.text(),
          ),
        ).toBe(string)
        const bytes = Buffer.from(string)
        expect(
          roundTrip(
            (to) => to.bytes(bytes),
            (from) => from.bytes(),
          ),
        ).toEqual(bytes)
      },
    ),
  )
})

test.each([
  2 ** 31 - 1,
  2 ** 31,
  2 ** 49,
  2 ** 50 - 1,
  2 ** 50,
  2 ** 53,
  -(2 ** 50),
  -1,
  -0,
  0.01,
  -99.99,
  0.1 + 0.2,
  1e-300,
  (2 ** 50 - 1) / 100,
  2 ** 50 / 100 + 0.01,
  Number.MAX_VALUE,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
])('the number %d keeps its value at the edges of the encodings', (value) => {
  expect(
    roundTrip(
      (to) => to.number(value),
      (from) => from.number(),
    ),
  ).toBe(value)
})

test('small integers take one or two bytes', () => {
  const writer = new Writer()
  writer.number(7)
  expect(writer.take()).toHaveLength(1)
  writer.number(-1_000)
  expect(writer.take()).toHaveLength(2)
})

test('amounts of money take a few bytes', () => {
  const writer = new Writer()
  writer.number(12.34)
  expect(writer.take()).toHaveLength(3)
  writer.number(-1_234.56)
  expect(writer.take()).toHaveLength(4)
})

test('values longer than the first buffer are kept whole', () => {
  const long = 'x'.repeat(100_000)
  expect(
    roundTrip(
      (to) => to.text(long),
      (from) => from.text(),
    ),
  ).toBe(long)
})

test('every cut of a stored sequence is refused with a RangeError', () => {
  const writer = new Writer()
  writer.number(Math.PI)
  writer.number(0.5)
  writer.text('tile')
  writer.hash(2 ** 52)
  writer.bytes(Buffer.from('abc'))
  const whole = writer.take()
  for (let length = 0; length < whole.length; length += 1) {
    const reader = new Reader(Buffer.from(whole.subarray(0, length)))
    const readAll = () => [reader.number(), reader.number(), reader.text(), reader.hash(), reader.bytes()]
    expect(readAll, `cut at ${length}`).toThrow(RangeError)
  }
})
