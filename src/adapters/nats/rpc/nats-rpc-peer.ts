// One other node, as this node sees it: the calls that it has not answered yet, bounded in number and
// bytes, and what waits to be sent to it in this turn of the event loop.

import { encodeAnswer, encodeCall } from '../../../calls/call-codec.ts'
import { type Answer, portable, TurnOutbox, WaitingCalls } from '../../../calls/call-protocol.ts'
import { PulseprintError } from '../../../errors.ts'
import { LIMITS } from '../../../limits.ts'
import type { NatsRpcPublisher } from './nats-rpc-publisher.ts'

export class NatsRpcPeer {
  readonly #instance: string
  readonly #publisher: NatsRpcPublisher
  readonly #waiting = new WaitingCalls()
  readonly #outbox: TurnOutbox<Uint8Array>
  #waitingBytes = 0

  /** @param send publishes encoded calls and answers, in order */
  constructor(instance: string, publisher: NatsRpcPublisher, send: (items: Uint8Array[]) => void) {
    this.#instance = instance
    this.#publisher = publisher
    this.#outbox = new TurnOutbox(send)
  }

  /** @param id of no other call of this process, to any node */
  call<Result>(id: number, method: string, waitMs: number, parameters: unknown[]): Promise<Result> {
    let bytes: Uint8Array
    try {
      bytes = encodeCall({ id, method, parameters })
      this.#admit(bytes.length)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#waitingBytes += bytes.length
    this.#outbox.push(bytes)
    const { length } = bytes
    const timer = setTimeout(() => this.#waiting.fail(id, this.#late(method, waitMs)), waitMs)
    return this.#waiting.wait(id, () => {
      clearTimeout(timer)
      this.#waitingBytes -= length
    })
  }

  #admit(bytes: number): void {
    if (
      this.#waiting.size < LIMITS.nodeCallsMax &&
      this.#waitingBytes + bytes <= LIMITS.nodeCallBytesMax &&
      !this.#publisher.isFull
    )
      return
    throw overloaded(`too much is on its way to node ${this.#instance}`)
  }

  #late(method: string, waitMs: number): PulseprintError {
    return new PulseprintError(
      'PEER_LOST',
      `${method}: node ${this.#instance} gave no answer in ${waitMs} ms`,
    )
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  settle(answer: Answer): void {
    this.#waiting.settle(answer)
  }

  answer(answer: Answer): void {
    this.#outbox.push(this.#encoded(answer))
  }

  #encoded(answer: Answer): Uint8Array {
    if (answer.error) return encodeAnswer(answer)
    try {
      // The work is done by now. OVERLOADED would say that it is not, and the caller would ask for it
      // a second time.
      if (this.#publisher.isFull) throw unanswered('too many answers are on their way')
      const bytes = encodeAnswer(answer)
      if (bytes.length > LIMITS.nodeCallBytesMax) throw unanswered(`it has ${bytes.length} bytes`)
      return bytes
    } catch (error) {
      return encodeAnswer({ id: answer.id, error: portable(error) })
    }
  }

  /** Sends now what would otherwise wait for the end of the turn. */
  flush(): void {
    this.#outbox.flush()
  }

  /** Ends all calls. */
  fail(error: Error): void {
    this.#waiting.failAll(error)
  }
}

function unanswered(reason: string): PulseprintError {
  return new PulseprintError('PEER_LOST', `the answer cannot be sent: ${reason}`, { retryAfterSeconds: 1 })
}

function overloaded(message: string): PulseprintError {
  return new PulseprintError('OVERLOADED', message, { retryAfterSeconds: 1 })
}
