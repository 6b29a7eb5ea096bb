// Follows a stream of a running engine. If the connection breaks, it comes back by itself, after
// the last entry it got.
import { setTimeout as pause } from 'node:timers/promises'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { CliError } from './cli-error.ts'
import { type EngineClient, problemOf, UnreachableError } from './engine-client.ts'

export interface SubscriptionOptions {
  client: EngineClient
  /** The address with its query. */
  path: string
  /**
   * Called with the reason each time the connection breaks. `onBack` follows when it is there
   * again.
   */
  onLost(reason: string): void
  onBack(): void
  signal: AbortSignal
}

const RETRY_MS = 1_000
/** The engine sends something every 15 s. */
const SILENCE_MS = 45_000
/** The engine is there, but asks the client to come back later. */
const LATER = new Set([429, 502, 503, 504])

/**
 * Yields the events until the signal aborts. Throws CliError if the engine refuses, or if it cannot
 * be reached the first time.
 */
export async function* subscribe({
  client,
  path,
  onLost,
  onBack,
  signal,
}: SubscriptionOptions): AsyncIterable<EventSourceMessage> {
  let lastId: string | undefined
  let connected = false
  let lost = false
  while (!signal.aborted) {
    const watch = new SilenceWatch(signal)
    try {
      const headers = { accept: 'text/event-stream', ...(lastId && { 'last-event-id': lastId }) }
      const response = await client.open(path, { headers, signal: watch.signal })
      if (!response.ok) throw await refusal(response, connected)
      if (lost) onBack()
      connected = true
      lost = false
      for await (const { id, event } of eventsOf(response, watch)) {
        if (id !== undefined) lastId = id
        if (event) yield event
      }
      throw new ConnectionLost('The connection ended.')
    } catch (error) {
      if (signal.aborted) return
      const reason = whyLost(error)
      if (!connected || reason === undefined) throw error
      if (!lost) onLost(reason)
      lost = true
    } finally {
      watch.end()
    }
    await pause(RETRY_MS, undefined, { signal }).catch(() => {})
  }
}

class ConnectionLost extends Error {}

/** Undefined if the engine refuses, because coming back would not help. */
function whyLost(error: unknown): string | undefined {
  if (error instanceof ConnectionLost || error instanceof UnreachableError) return error.message
  // Whatever else is thrown comes from the body of the answer.
  return error instanceof CliError ? undefined : 'The connection broke.'
}

async function refusal(response: Response, connected: boolean): Promise<Error> {
  const problem = problemOf(response.status, await response.text())
  return connected && LATER.has(response.status) ? new ConnectionLost(problem.message) : problem
}

/** Aborts if nothing arrived for too long: a connection can be gone without any sign. */
class SilenceWatch {
  readonly #controller = new AbortController()
  readonly signal: AbortSignal
  #timer: NodeJS.Timeout

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#controller.signal])
    const silent = new ConnectionLost('The engine is silent.')
    this.#timer = setTimeout(() => this.#controller.abort(silent), SILENCE_MS)
  }

  heard(): void {
    this.#timer.refresh()
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

type Heard = { id?: string | undefined; event?: EventSourceMessage }

async function* eventsOf(response: Response, watch: SilenceWatch): AsyncIterable<Heard> {
  let heard: Heard[] = []
  const parser = createParser({
    onId: (id) => heard.push({ id }),
    onEvent: (event) => heard.push({ event }),
  })
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    watch.heard()
    parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }))
    yield* heard
    heard = []
  }
}
