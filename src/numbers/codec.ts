// Bytes of the stored profile: an append-only writer, and a reader of the same things in the same
// order. A stored user is mostly small integers, amounts of money and instants near each other, and
// this keeps one in a few hundred bytes.
import { crc32 } from 'node:zlib'
import { lengthOf, type Numbers, zeros } from './section.ts'

/**
 * The first byte of a number. Below SHORT it is the number itself, and below INTEGER it begins an
 * integer of 14 bits. The others say what follows, and add how many bytes it has.
 */
const SHORT = 128
const INTEGER = 192
const NEGATIVE = 200
const HUNDREDTHS = 208
const NEGATIVE_HUNDREDTHS = 216
/** The distance from the last number between NEAR_MIN and NEAR_MAX, such as an instant. */
const AFTER_LAST = 224
const BEFORE_LAST = 232
const DOUBLE = 240
const SHORT_MAX = 2 ** 14 - 1
const NEAR_MIN = 2 ** 16
const NEAR_MAX = 2 ** 44
/** A distance that takes more bytes than this is not worth it. */
const DISTANCE_MAX = 2 ** 24 - 1

/** The bytes of the longest number. */
const NUMBER_BYTES_MAX = 9
const CHECKSUM_BYTES = 4

/** True if the bytes end with the checksum of what is before it. */
export function fitsChecksum(bytes: Buffer): boolean {
  const end = bytes.length - CHECKSUM_BYTES
  return end >= 0 && bytes.readUInt32LE(end) === crc32(bytes.subarray(0, end))
}

/** Grows as it is written; `take` returns a copy of what was written and starts again. */
export class Writer {
  #bytes: Buffer = Buffer.allocUnsafe(16_384)
  #length = 0
  #last = 0

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  /** Any double. */
  number(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX)
    if (value >= 0 && value <= SHORT_MAX && value === (value | 0) && !Object.is(value, -0)) {
      if (value >= SHORT) this.#bytes[this.#length++] = SHORT + (value >>> 8)
      this.#bytes[this.#length++] = value
    } else if (Number.isSafeInteger(value) && value !== 0) this.#integer(value)
    else this.#fraction(value)
  }

  #integer(value: number): void {
    if (value < NEAR_MIN || value > NEAR_MAX) {
      this.#tagged(value < 0 ? NEGATIVE : INTEGER, Math.abs(value))
      return
    }
    const distance = value - this.#last
    this.#last = value
    if (Math.abs(distance) > DISTANCE_MAX) this.#tagged(INTEGER, value)
    else this.#tagged(distance < 0 ? BEFORE_LAST : AFTER_LAST, Math.abs(distance))
  }

  #fraction(value: number): void {
    const hundredths = Math.round(value * 100)
    if (Math.abs(hundredths) < 2 ** 50 && hundredths / 100 === value && hundredths !== 0) {
      this.#tagged(hundredths < 0 ? NEGATIVE_HUNDREDTHS : HUNDREDTHS, Math.abs(hundredths))
      return
    }
    this.#bytes[this.#length++] = DOUBLE
    this.#bytes.writeDoubleLE(value, this.#length)
    this.#length += 8
  }

  /** The tag with the count of the bytes, and the magnitude in as few as it takes, the lowest first. */
  #tagged(tag: number, magnitude: number): void {
    const bytes = this.#bytes
    const at = this.#length
    let next = at + 1
    let low = magnitude | 0
    if (magnitude > 0xffff_ffff) {
      for (let left = 4; left > 0; left--, low >>>= 8) bytes[next++] = low
      low = (magnitude / 2 ** 32) | 0
    }
    for (; low !== 0; low >>>= 8) bytes[next++] = low
    bytes[at] = tag + next - at - 1
    this.#length = next
  }

  /** The lengths of the sections, and the numbers in them. */
  sections(numbers: Numbers): void {
    const directory = numbers[0]!
    for (let index = 1; index < directory; index++) this.number(numbers[index]! - numbers[index - 1]!)
    const length = lengthOf(numbers)
    for (let at = directory; at < length; at++) this.number(numbers[at]!)
  }

  /** The checksum of all that was written so far, in four bytes. */
  checksum(): void {
    const checksum = crc32(this.#bytes.subarray(0, this.#length))
    this.#reserve(CHECKSUM_BYTES)
    this.#length = this.#bytes.writeUInt32LE(checksum, this.#length)
  }

  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#length)
    this.#bytes.copy(taken, 0, 0, this.#length)
    this.#length = 0
    this.#last = 0
    return taken
  }
}

/** Reads what Writer wrote, in the same order. Reading past the end throws. */
export class Reader {
  #bytes: Buffer
  #at = 0
  #last = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(): number {
    const tag = this.#byte()
    if (tag < SHORT) return tag
    if (tag < INTEGER) return (tag - SHORT) * 256 + this.#byte()
    switch (tag & ~7) {
      case INTEGER:
        return this.#noted(this.#magnitude(tag & 7))
      case NEGATIVE:
        return -this.#magnitude(tag & 7)
      case HUNDREDTHS:
        return this.#magnitude(tag & 7) / 100
      case NEGATIVE_HUNDREDTHS:
        return -this.#magnitude(tag & 7) / 100
      case AFTER_LAST:
        return this.#noted(this.#last + this.#magnitude(tag & 7))
      case BEFORE_LAST:
        return this.#noted(this.#last - this.#magnitude(tag & 7))
      default: {
        const value = this.#bytes.readDoubleLE(this.#at)
        this.#at += 8
        return value
      }
    }
  }

  #noted(value: number): number {
    if (value >= NEAR_MIN && value <= NEAR_MAX) this.#last = value
    return value
  }

  #magnitude(bytes: number): number {
    let [low, high] = [0, 0]
    for (let at = 0; at < bytes; at++) {
      if (at < 4) low |= this.#byte() << (8 * at)
      else high |= this.#byte() << (8 * (at - 4))
    }
    return high * 2 ** 32 + (low >>> 0)
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new RangeError('read past the end of a stored profile')
    return byte
  }

  /** @param count how many sections were written */
  sections(count: number): Numbers {
    const lengths = Array.from({ length: count }, () => this.number())
    const directory = count + 1
    const numbers = zeros(lengths.reduce((sum, length) => sum + length, directory))
    numbers[0] = directory
    for (let index = 0; index < count; index++) numbers[index + 1] = numbers[index]! + lengths[index]!
    for (let at = directory; at < numbers.length; at++) numbers[at] = this.number()
    return numbers
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }
}
