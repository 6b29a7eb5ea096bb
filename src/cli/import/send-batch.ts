// One batch to POST /v1/actions, repeated until the engine answers for good or patience ends. An engine that is
// overloaded, starting or gone for a while is waited for.
import { setTimeout as wait } from 'node:timers/promises'
import { CliError } from '../cli-error.ts'
import { type EngineClient, problemOf, UnreachableError } from '../engine-client.ts'

export interface Receipt {
  status: 'accepted' | 'duplicate' | 'rejected'
  error?: { code: string; path: string; message: string }
}

export interface Patience {
  /** Milliseconds to keep trying from the first failure on. */
  retryForMs: number
  /** Told of each failure that will be tried again. */
  onRetry(reason: string): void
  /** Ends the trying at once. */
  signal: AbortSignal
}

export interface Answer {
  receipts: Receipt[]
  /** An earlier try may have reached the engine: its `duplicate` may be our own sending. */
  sentBefore: boolean
}

const FIRST_DELAY_MS = 100
const DELAY_MS_MAX = 5_000
/** The request was not at fault, or its fate is unknown: trying again can help and, by the ids, cannot harm. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

/** Receipts of the batch, in its order. Throws CliError. */
export async function sendBatch(
  client: EngineClient,
  lines: readonly string[],
  { retryForMs, onRetry, signal }: Patience,
): Promise<Answer> {
  const body = lines.join('\n')
  let deadline: number | undefined
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryOnce(client, body, signal)
    if ('receipts' in outcome) {
      if (outcome.receipts.length !== lines.length) {
        throw new CliError(`The engine answered ${outcome.receipts.length} of ${lines.length} actions.`)
      }
      return { receipts: outcome.receipts, sentBefore: attempt > 0 }
    }
    deadline ??= performance.now() + retryForMs
    const backoffMs = Math.min(FIRST_DELAY_MS * 2 ** attempt, DELAY_MS_MAX) * (0.5 + Math.random() / 2)
    const delayMs = outcome.retryAfterMs ?? backoffMs
    if (performance.now() + delayMs > deadline) throw outcome.failure
    onRetry(outcome.failure.message)
    await wait(delayMs, undefined, { signal })
  }
}

type Outcome = { receipts: Receipt[] } | { failure: CliError; retryAfterMs: number | undefined }

/** Throws CliError where trying again cannot help. */
async function tryOnce(client: EngineClient, body: string, signal: AbortSignal): Promise<Outcome> {
  let response: Response
  let text: string
  try {
    const headers = { 'content-type': 'application/x-ndjson' }
    response = await client.send('/v1/actions?wait=applied', { method: 'POST', headers, body, signal })
    text = await response.text().catch((error) => {
      throw client.unreachable(error)
    })
  } catch (error) {
    if (error instanceof UnreachableError) return { failure: error, retryAfterMs: undefined }
    throw error
  }
  const receipts = receiptsOf(text)
  if (receipts) return { receipts }
  const failure = problemOf(response.status, text)
  if (!PASSING.has(response.status)) throw failure
  return { failure, retryAfterMs: retryAfterMs(response.headers.get('retry-after')) }
}

function receiptsOf(text: string): Receipt[] | undefined {
  try {
    const { receipts } = JSON.parse(text)
    return Array.isArray(receipts) ? receipts : undefined
  } catch {
    return undefined
  }
}

function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,4}$/.test(header) ? Number(header) * 1_000 : undefined
}
