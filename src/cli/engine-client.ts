// Talks to a running engine through its public API. It owns how the address and key are found, and
// how the engine's errors become sentences for people. Retrying is the caller's business.
import { CliError, EXIT } from './cli-error.ts'

export interface EngineOptions {
  /** Base address; default from PULSEPRINT_HOST and PULSEPRINT_PORT. */
  url?: string
  /** API key; default PULSEPRINT_KEY. */
  key?: string
}

/** The engine could not be reached, or the connection broke before the answer came. */
export class UnreachableError extends CliError {}

export class EngineClient {
  readonly url: string
  readonly #headers: Record<string, string>

  /** Throws CliError if the text is no address. */
  constructor(options: EngineOptions, env: NodeJS.ProcessEnv = process.env) {
    this.url = baseUrl(options.url ?? addressOf(env))
    const key = options.key ?? env.PULSEPRINT_KEY
    this.#headers = key ? { authorization: `Bearer ${key}` } : {}
  }

  /**
   * The JSON of an answer. Throws CliError with the code of the problem, UnreachableError without
   * an answer.
   */
  get(path: string): Promise<unknown> {
    return this.#ask(path, 'GET')
  }

  /** Like `get`, without a body. */
  post(path: string): Promise<unknown> {
    return this.#ask(path, 'POST')
  }

  async #ask(path: string, method: string): Promise<unknown> {
    const response = await this.send(path, { method })
    const text = await response.text()
    if (!response.ok) throw problemOf(response.status, text)
    try {
      return JSON.parse(text)
    } catch {
      throw new CliError(`${this.url} does not answer like a Pulseprint engine. Is the address right?`)
    }
  }

  /** Any request, whatever the status of its answer. Throws UnreachableError. */
  send(path: string, init: RequestInit): Promise<Response> {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    return this.open(path, {
      ...init,
      signal: AbortSignal.any([timeout, ...(init.signal ? [init.signal] : [])]),
    })
  }

  /** Like `send`, but the answer may take as long as the signal allows. */
  async open(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) }
    try {
      return await fetch(this.url + path, { ...init, headers })
    } catch (error) {
      throw this.unreachable(error)
    }
  }

  unreachable(error: unknown): UnreachableError {
    const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string }
    const reason = cause?.code ?? cause?.message ?? message
    return new UnreachableError(
      `The engine at ${this.url} cannot be reached (${reason}). Start it with \`pulseprint start\`, or give --url.`,
    )
  }
}

const REQUEST_TIMEOUT_MS = 60_000

/** The problem+json of an answer as one line with its code. */
export function problemOf(status: number, text: string): CliError {
  let problem: { code?: unknown; detail?: unknown; title?: unknown } = {}
  try {
    problem = JSON.parse(text) ?? {}
  } catch {
    // The answer is not from the engine, but for example a proxy's page, so only the status helps.
  }
  const code = typeof problem.code === 'string' ? problem.code : `HTTP ${status}`
  const detail = problem.detail ?? problem.title ?? 'the engine gave no reason'
  const hint = status === 401 || status === 403 ? ' Give the API key with --key or PULSEPRINT_KEY.' : ''
  return new CliError(`${code}: ${detail}${hint}`)
}

function addressOf(env: NodeJS.ProcessEnv): string {
  const host = env.PULSEPRINT_HOST?.trim() || '127.0.0.1'
  // The address to ask if an engine listens everywhere.
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const port = env.PULSEPRINT_PORT?.trim() || '8080'
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function baseUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CliError(`Not an address: ${text}. Write it as http://127.0.0.1:8080.`, EXIT.usage)
  }
  return url.href.replace(/\/+$/, '')
}
