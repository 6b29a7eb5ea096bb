// Keeps out web pages that nobody has allowed. Without API keys, any page that is open in a browser
// on this machine could otherwise write (a form or a simple fetch needs no permission) and, by DNS
// rebinding, read.
import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { type ErrorCode, PulseprintError } from '../../src/errors.ts'
import { isLoopback } from '../../src/runtime/loopback.ts'

export interface TrustedPages {
  /** The host that the engine listens on, as set. */
  host: string
  /** Origins whose pages may read and write, such as `https://shop.example`. */
  origins: readonly string[]
}

/** Seconds that a browser may remember the answer to a preflight. */
const PREFLIGHT_MAX_AGE_SECONDS = 600

/**
 * Refuses requests to foreign hosts and from foreign pages. Call it before the routes are added.
 */
export function keepForeignPagesOut(app: FastifyInstance, trusted: TrustedPages): void {
  // The last host that was let in needs no second check: nearly all requests name it, and come from
  // no page.
  let knownHost: string | undefined
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers.origin === undefined && headers.host === knownHost && knownHost !== undefined) return done()
    const refusal = refusalOf(headers, trusted)
    if (refusal) return done(new PulseprintError(refusal, DETAILS[refusal]))
    knownHost = headers.host
    done()
  })
}

/** Lets pages of these origins read the answers. If there are keys, the pages need one too. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return
  app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'POST'],
    exposedHeaders: ['Retry-After'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  })
}

const DETAILS = {
  FOREIGN_HOST:
    'without API keys the engine answers only to the address it listens on and to loopback names; see PULSEPRINT_KEYS',
  FOREIGN_ORIGIN: 'pages of this origin are not allowed; see PULSEPRINT_ORIGINS',
} as const satisfies Partial<Record<ErrorCode, string>>

/** The characters a host header may have. As part of a URL, other characters would end the name. */
const NAME_AND_PORT = /^[\w.:[\]-]+$/

/** Why a request is refused; undefined if it is not. */
export function refusalOf(
  { host, origin }: { host?: string | undefined; origin?: string | undefined },
  trusted: TrustedPages,
): keyof typeof DETAILS | undefined {
  const url = host !== undefined && NAME_AND_PORT.test(host) ? URL.parse(`http://${host}`) : null
  if (!url) return 'FOREIGN_HOST'
  const name = url.hostname.replace(/\.$/, '')
  const own = trusted.host.includes(':') ? `[${trusted.host}]` : trusted.host.toLowerCase()
  if (name !== own && !isLoopback(name)) return 'FOREIGN_HOST'
  if (origin === undefined || trusted.origins.includes(origin)) return undefined
  // The engine's own pages come from the very host that was asked.
  return URL.parse(origin)?.host === url.host && origin.startsWith('http://') ? undefined : 'FOREIGN_ORIGIN'
}
