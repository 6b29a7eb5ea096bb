// Publishes what this node has for others, in as few messages as possible. It counts what the NATS
// server has not taken yet, so a server that reads slowly cannot fill the memory.
import type { NatsConnection } from '@nats-io/transport-node'
import { LIMITS } from '../../../limits.ts'
import { MESSAGE_BYTES_MAX, partsOf } from './message-parts.ts'

/** Bytes after which the server is asked whether it has taken them. */
const ASK_BYTES = 1024 * 1024

export class NatsRpcPublisher {
  readonly #connection: NatsConnection
  readonly #prefix: string
  readonly #instance: string
  /** Of messages in parts. */
  #lastNumber = 0
  #unsentBytes = 0
  #unaskedBytes = 0

  /** @param instance of this node */
  constructor(connection: NatsConnection, prefix: string, instance: string) {
    this.#connection = connection
    this.#prefix = prefix
    this.#instance = instance
  }

  /** Where messages for this node arrive; the last token says whose they are. */
  get subjects(): string {
    return this.#subject(this.#instance, '*')
  }

  /** True if so much is on its way to the server that no more may be added. */
  get isFull(): boolean {
    return this.#unsentBytes >= LIMITS.nodeUnsentBytesMax
  }

  /** Items keep their order and arrive whole. Throws if the connection is closed. */
  publish(to: string, items: readonly Uint8Array[]): void {
    let [first, bytes] = [0, 0]
    for (const [place, item] of items.entries()) {
      if (bytes + item.length > MESSAGE_BYTES_MAX && place > first) {
        this.#publishMessage(to, items.slice(first, place), bytes)
        first = place
        bytes = 0
      }
      bytes += item.length
    }
    this.#publishMessage(to, items.slice(first), bytes)
  }

  #publishMessage(to: string, items: readonly Uint8Array[], bytes: number): void {
    const message = items.length === 1 ? items[0]! : Buffer.concat(items, bytes)
    if (bytes <= MESSAGE_BYTES_MAX) {
      this.#publishBytes(to, message)
      return
    }
    this.#lastNumber = (this.#lastNumber + 1) >>> 0
    for (const part of partsOf(message, this.#lastNumber)) this.#publishBytes(to, part)
  }

  /**
   * If nobody listens, the server tells the reply subject: it is the one on which that node's
   * messages would arrive.
   */
  #publishBytes(to: string, bytes: Uint8Array): void {
    const reply = this.#subject(this.#instance, to)
    this.#connection.publish(this.#subject(to, this.#instance), bytes, { reply })
    this.#unsentBytes += bytes.length
    this.#unaskedBytes += bytes.length
    if (this.#unaskedBytes < ASK_BYTES) return
    const asked = this.#unaskedBytes
    this.#unaskedBytes = 0
    const taken = () => {
      this.#unsentBytes -= asked
    }
    // A lost connection never sends what it has not sent yet.
    this.#connection.flush().then(taken, taken)
  }

  #subject(to: string, from: string): string {
    return `${this.#prefix}.node.${to}.${from}`
  }
}
