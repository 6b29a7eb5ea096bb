// What calls between threads and between nodes have in common: numbered calls, pending answers, and
// errors that keep their code. How messages travel is the links' business.
import { ERRORS, type ErrorCode, PulseprintError } from '../errors.ts'

/** What the other side may call, by name. */
export type Handlers = Record<string, (...parameters: never[]) => unknown>

export interface Call {
  id: number
  method: string
  parameters: unknown[]
}

export interface PortableError {
  /** Undefined if the error is not a PulseprintError. */
  code: ErrorCode | undefined
  message: string
  path?: string
  retryAfterSeconds?: number
}

export interface Answer {
  id: number
  result?: unknown
  error?: PortableError
}

export type CallMessage = Call | Answer

interface Waiting {
  resolve(result: never): void
  reject(error: unknown): void
  /** Called when the call ends, however it ends. */
  ended: (() => void) | undefined
}

/** The calls of one side that have no answer yet. */
export class WaitingCalls {
  readonly #calls = new Map<number, Waiting>()

  get size(): number {
    return this.#calls.size
  }

  /**
   * The result of call `id`, once its answer is settled. PulseprintErrors of the other side arrive
   * as such.
   */
  wait<Result>(id: number, ended?: () => void): Promise<Result> {
    return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject, ended }))
  }

  /** Drops an answer that nobody waits for any longer. */
  settle({ id, result, error }: Answer): void {
    if (error) this.fail(id, revived(error))
    else this.#take(id)?.resolve(result as never)
  }

  fail(id: number, error: Error): void {
    this.#take(id)?.reject(error)
  }

  failAll(error: Error): void {
    for (const id of [...this.#calls.keys()]) this.fail(id, error)
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#calls.get(id)
    this.#calls.delete(id)
    waiting?.ended?.()
    return waiting
  }
}

/** Runs the called handler; never rejects. */
export async function answerTo({ id, method, parameters }: Call, handlers: Handlers): Promise<Answer> {
  try {
    if (!Object.hasOwn(handlers, method)) throw new Error(`there is no handler ${method}`)
    const handler = handlers[method] as (...parameters: unknown[]) => unknown
    return { id, result: await handler(...parameters) }
  } catch (error) {
    return { id, error: portable(error) }
  }
}

/** The error as plain data. */
export function portable(error: unknown): PortableError {
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

/** Another version of the program may use codes that this one does not know. */
function revived(error: PortableError): Error {
  const { code, message } = error
  return code !== undefined && Object.hasOwn(ERRORS, code)
    ? new PulseprintError(code, message, error)
    : new Error(message)
}

/**
 * Gathers everything that one turn of the event loop sends, because a message costs far more than
 * its content.
 */
export class TurnOutbox<Item> {
  readonly #send: (items: Item[]) => void
  #items: Item[] = []

  constructor(send: (items: Item[]) => void) {
    this.#send = send
  }

  push(item: Item): void {
    if (this.#items.push(item) === 1) setImmediate(() => this.flush())
  }

  flush(): void {
    if (this.#items.length === 0) return
    const items = this.#items
    this.#items = []
    this.#send(items)
  }
}
