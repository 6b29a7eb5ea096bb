// Tries a request until the engine answers for good or patience ends. It waits for an engine that
// is overloaded, starting or gone for a while.
import { setTimeout as wait } from 'node:timers/promises'
import type { CliError } from '../../cli-error.ts'
import { type EngineClient, problemOf, UnreachableError } from '../../engine-client.ts'

export interface Patience {
  /** Milliseconds to keep trying from the first failure on. */
  retryForMs: number
  /** Told of each failure that will be tried again. */
  onRetry(reason: string): void
  /** Ends the trying at once. */
  signal: AbortSignal
}

export interface Reply {
  status: number
  text: string
  /** How often the request was sent; an earlier try may have reached the engine too. */
  tries: number
}

const FIRST_DELAY_MS = 100
const DELAY_MS_MAX = 5_000
/**
 * The request was not at fault, or nobody knows what became of it. Trying again can help. Because of
 * the ids, it cannot harm.
 */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

/** The first answer that another try would not change. Throws CliError when patience ends. */
export async function sendPatiently(
  client: EngineClient,
  path: string,
  init: RequestInit,
  { retryForMs, onRetry, signal }: Patience,
): Promise<Reply> {
  let deadline: number | undefined
  for (let tries = 1; ; tries++) {
    const outcome = await tryOnce(client, path, { ...init, signal })
    if ('text' in outcome) return { ...outcome, tries }
    deadline ??= performance.now() + retryForMs
    const backoffMs = Math.min(FIRST_DELAY_MS * 2 ** (tries - 1), DELAY_MS_MAX) * (0.5 + Math.random() / 2)
    const delayMs = outcome.retryAfterMs ?? backoffMs
    if (performance.now() + delayMs > deadline) throw outcome.failure
    onRetry(outcome.failure.message)
    await wait(delayMs, undefined, { signal })
  }
}

type Outcome = { status: number; text: string } | { failure: CliError; retryAfterMs: number | undefined }

async function tryOnce(client: EngineClient, path: string, init: RequestInit): Promise<Outcome> {
  try {
    const response = await client.send(path, init)
    const text = await response.text().catch((error) => {
      throw client.unreachable(error)
    })
    if (!PASSING.has(response.status)) return { status: response.status, text }
    const retryAfter = retryAfterMs(response.headers.get('retry-after'))
    return { failure: problemOf(response.status, text), retryAfterMs: retryAfter }
  } catch (error) {
    if (error instanceof UnreachableError) return { failure: error, retryAfterMs: undefined }
    throw error
  }
}

function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,4}$/.test(header) ? Number(header) * 1_000 : undefined
}
