// Calls between the threads of one process. Calls and answers of one turn of the event loop share a message,
// because a message costs far more than what it carries.
import type { MessagePort } from 'node:worker_threads'
import { type ErrorCode, PulseprintError } from '../src/errors.ts'

type Handler = (...parameters: never[]) => unknown

interface Call {
  id: number
  method: string
  parameters: unknown[]
}

interface Answer {
  id: number
  result?: unknown
  error?: { code: ErrorCode | undefined; message: string; path?: string; retryAfterSeconds?: number }
}

type Message = Call | Answer

export class ThreadLink {
  readonly #port: MessagePort
  readonly #handlers: Record<string, Handler>
  readonly #waiting = new Map<number, { resolve(result: never): void; reject(error: unknown): void }>()
  #outbox: Message[] = []
  #lastId = 0

  /** @param handlers what the other thread may call here; parameters and results must be cloneable */
  constructor(port: MessagePort, handlers: Record<string, Handler>) {
    this.#port = port
    this.#handlers = handlers
    port.on('message', (messages: Message[]) => {
      for (const message of messages) {
        if ('method' in message) void this.#answer(message)
        else this.#settle(message)
      }
    })
  }

  /** Calls a handler of the other thread. Its PulseprintErrors arrive as such. */
  call<Result>(method: string, ...parameters: unknown[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      this.#send({ id, method, parameters })
    })
  }

  close(): void {
    this.#port.close()
  }

  async #answer({ id, method, parameters }: Call): Promise<void> {
    try {
      const handler = this.#handlers[method] as (...parameters: unknown[]) => unknown
      this.#send({ id, result: await handler(...parameters) })
    } catch (error) {
      this.#send({ id, error: portable(error) })
    }
  }

  #settle({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result as never)
    else if (error.code === undefined) waiting?.reject(new Error(error.message))
    else waiting?.reject(new PulseprintError(error.code, error.message, error))
  }

  #send(message: Message): void {
    if (this.#outbox.push(message) > 1) return
    setImmediate(() => {
      const messages = this.#outbox
      this.#outbox = []
      this.#port.postMessage(messages)
    })
  }
}

function portable(error: unknown): NonNullable<Answer['error']> {
  if (!(error instanceof PulseprintError)) {
    return { code: undefined, message: error instanceof Error ? error.message : String(error) }
  }
  const { code, message, path, retryAfterSeconds } = error
  return {
    code,
    message,
    ...(path !== undefined && { path }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  }
}
