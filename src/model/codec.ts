// Bytes of the stored profile: an append-only writer and a reader of varints, doubles and strings.
// A stored user is mostly small integers, and this keeps one in a few hundred bytes.
import { crc32 } from 'node:zlib'

/** Odd markers of `number`; even ones are twice the integer itself. */
const DOUBLE = 1
const HUNDREDTHS = 3

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

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  /** Unsigned integer, 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7fff_ffff) {
      this.#bytes[this.#length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** Signed integer, -(2^52) to 2^52: small magnitudes take few bytes. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /**
   * Any double. Small integers and hundredths, which most amounts of money are, take a marker's bit
   * or byte and a varint; anything else nine bytes.
   */
  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 50 && !Object.is(value, -0)) {
      this.signed(value * 2)
      return
    }
    const hundredths = Math.round(value * 100)
    if (Math.abs(hundredths) < 2 ** 50 && hundredths / 100 === value && hundredths !== 0) {
      this.signed(HUNDREDTHS)
      this.signed(hundredths)
      return
    }
    this.signed(DOUBLE)
    this.#reserve(8)
    this.#bytes.writeDoubleLE(value, this.#length)
    this.#length += 8
  }

  /** A hash below 2^53, in seven bytes. */
  hash(value: number): void {
    this.#reserve(7)
    const [low, high] = [value | 0, (value / 2 ** 32) | 0]
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#length++] = low >>> shift
    for (let shift = 0; shift < 24; shift += 8) this.#bytes[this.#length++] = high >>> shift
  }

  text(value: string): void {
    const size = Buffer.byteLength(value)
    this.varint(size)
    this.#reserve(size)
    this.#length += this.#bytes.write(value, this.#length, size)
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
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
    return taken
  }
}

/** Reads what Writer wrote, in the same order. Reading past the end throws. */
export class Reader {
  #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new RangeError('read past the end of a stored profile')
    return byte
  }

  varint(): number {
    let byte = this.#byte()
    let value = byte & 127
    let scale = 128
    while (byte > 127) {
      byte = this.#byte()
      value += (byte & 127) * scale
      scale *= 128
    }
    return value
  }

  signed(): number {
    const value = this.varint()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  number(): number {
    const marked = this.signed()
    if (marked % 2 === 0) return marked / 2
    if (marked === HUNDREDTHS) return this.signed() / 100
    const value = this.#bytes.readDoubleLE(this.#at)
    this.#at += 8
    return value
  }

  hash(): number {
    const at = this.#skip(7)
    let [low, high] = [0, 0]
    for (let shift = 0; shift < 32; shift += 8) low |= this.#bytes[at + shift / 8]! << shift
    for (let shift = 0; shift < 24; shift += 8) high |= this.#bytes[at + 4 + shift / 8]! << shift
    return high * 2 ** 32 + (low >>> 0)
  }

  text(): string {
    const start = this.#skip(this.varint())
    return this.#bytes.toString('utf8', start, this.#at)
  }

  bytes(): Buffer {
    const start = this.#skip(this.varint())
    return Buffer.from(this.#bytes.subarray(start, this.#at))
  }

  #skip(size: number): number {
    const start = this.#at
    if (start + size > this.#bytes.length) throw new RangeError('read past the end of a stored profile')
    this.#at = start + size
    return start
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }
}
