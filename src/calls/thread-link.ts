// Calls between the threads of one process. All calls and answers of one turn of the event loop
// share a message.
import type { MessagePort } from 'node:worker_threads'
import {
  answerTo,
  type Call,
  type CallMessage,
  type Handlers,
  TurnOutbox,
  WaitingCalls,
} from './call-protocol.ts'

export class ThreadLink {
  readonly #port: MessagePort
  readonly #handlers: Handlers
  readonly #waiting = new WaitingCalls()
  readonly #outbox: TurnOutbox<CallMessage>
  #lastId = 0

  /**
   * @param handlers what the other thread may call here; parameters and results must be cloneable
   */
  constructor(port: MessagePort, handlers: Handlers) {
    this.#port = port
    this.#handlers = handlers
    this.#outbox = new TurnOutbox((messages) => port.postMessage(messages))
    port.on('message', (messages: CallMessage[]) => {
      for (const message of messages) {
        if ('method' in message) void this.#answer(message)
        else this.#waiting.settle(message)
      }
    })
  }

  /** Calls a handler of the other thread. Its PulseprintErrors arrive as such. */
  call<Result>(method: string, ...parameters: unknown[]): Promise<Result> {
    const id = ++this.#lastId
    this.#outbox.push({ id, method, parameters })
    return this.#waiting.wait(id)
  }

  close(): void {
    this.#port.close()
  }

  async #answer(call: Call): Promise<void> {
    this.#outbox.push(await answerTo(call, this.#handlers))
  }
}
