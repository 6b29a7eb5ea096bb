// Sends messages that are too large for NATS in parts, one right after the other, and puts them
// together again. Parts of one sender arrive in the order in which they were sent. If one is missing,
// its message is forgotten.

/** Bytes of a message, or of a part; a NATS server takes 1 MiB unless it is told otherwise. */
export const MESSAGE_BYTES_MAX = 512 * 1024

/** First byte of a part. MessagePack never uses it, so no whole message begins with it. */
const MARK = 0xc1
/** The mark, the sender's number of the message, the place of the part and the count of parts. */
const HEADER_BYTES = 13
const CONTENT_BYTES_MAX = MESSAGE_BYTES_MAX - HEADER_BYTES

export function isPart(bytes: Uint8Array): boolean {
  return bytes[0] === MARK
}

/** @param number tells the messages of one sender apart, below 2^32 */
export function* partsOf(bytes: Uint8Array, number: number): Generator<Buffer> {
  const count = Math.ceil(bytes.length / CONTENT_BYTES_MAX)
  for (let place = 0; place < count; place++) {
    const content = bytes.subarray(place * CONTENT_BYTES_MAX, (place + 1) * CONTENT_BYTES_MAX)
    const part = Buffer.allocUnsafe(HEADER_BYTES + content.length)
    part.writeUInt8(MARK, 0)
    part.writeUInt32BE(number, 1)
    part.writeUInt32BE(place, 5)
    part.writeUInt32BE(count, 9)
    part.set(content, HEADER_BYTES)
    yield part
  }
}

interface Incomplete {
  number: number
  count: number
  contents: Uint8Array[]
  bytes: number
  timer: NodeJS.Timeout
}

/** Puts the messages of all senders together. */
export class MessageAssembly {
  readonly #bytesMax: number
  readonly #waitMs: number
  /** By sender. The one that began longest ago stands first. */
  readonly #incomplete = new Map<string, Incomplete>()
  #bytes = 0

  /**
   * @param bytesMax bytes of all incomplete messages; past it the oldest are forgotten
   * @param waitMs how long after its first part a message must be complete
   */
  constructor(bytesMax: number, waitMs: number) {
    this.#bytesMax = bytesMax
    this.#waitMs = waitMs
  }

  /** The whole message, if this was its last part. Throws on what is not a part. */
  add(from: string, part: Uint8Array): Uint8Array | undefined {
    if (part.length <= HEADER_BYTES) throw new Error('a part without content')
    const header = new DataView(part.buffer, part.byteOffset, HEADER_BYTES)
    const [number, place, count] = [header.getUint32(1), header.getUint32(5), header.getUint32(9)]
    if (place === 0) this.#begin(from, number, count)
    const incomplete = this.#incomplete.get(from)
    if (!incomplete) return undefined
    if (incomplete.number !== number || incomplete.contents.length !== place) {
      this.forget(from)
      return undefined
    }
    const content = part.subarray(HEADER_BYTES)
    incomplete.contents.push(content)
    incomplete.bytes += content.length
    this.#bytes += content.length
    if (incomplete.contents.length >= incomplete.count) {
      this.forget(from)
      return Buffer.concat(incomplete.contents, incomplete.bytes)
    }
    for (const oldest of this.#incomplete.keys()) {
      if (this.#bytes <= this.#bytesMax) break
      this.forget(oldest)
    }
    return undefined
  }

  #begin(from: string, number: number, count: number): void {
    this.forget(from)
    const timer = setTimeout(() => this.forget(from), this.#waitMs).unref()
    this.#incomplete.set(from, { number, count, contents: [], bytes: 0, timer })
  }

  /** The sender is lost, so the rest of its message will not come. */
  forget(from: string): void {
    const incomplete = this.#incomplete.get(from)
    if (!incomplete) return
    clearTimeout(incomplete.timer)
    this.#incomplete.delete(from)
    this.#bytes -= incomplete.bytes
  }

  close(): void {
    for (const from of [...this.#incomplete.keys()]) this.forget(from)
  }
}
