// Keeps web pages out that nobody has allowed: without API keys, any page that is open in a browser
// on this machine could otherwise write (a form or a simple fetch needs no permission) and, by DNS
// rebinding, read.
import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import { type ErrorCode, PulseprintError } from '../../src/errors.ts'
import { isLoopback } from '../../src/runtime/loopback.ts'

export interface TrustedPages {
  /** The host that the engine listens on, as it was set. */
  host: string
  /** Origins whose pages may read and write, such as `https://shop.example`. */
  origins: readonly string[]
}

/** Seconds that a browser may remember the answer to a preflight. */
const PREFLIGHT_MAX_AGE_SECONDS = 600

/**
 * Refuses requests to foreign hosts and of foreign pages. Must be called before the routes are
 * added.
 */
export function keepForeignPagesOut(app: FastifyInstance, trusted: TrustedPages): void {
  // Nearly all requests are to one host and of no page: it is looked at once.
  let knownHost: string | undefined
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers.origin === undefined && headers.host === knownHost && knownHost !== undefined) return done()
    const refusal = refusalOf(headers, trusted)
    if (refusal) return done(new PulseprintError(refusal, DETAILS[refusal]))
    knownHost = headers.host
    done()
  })
}

/** Lets pages of these origins read the answers. With keys they need a key all the same. */
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

/** What may stand in a host header; as part of a URL, other characters would end the name. */
const NAME_AND_PORT = /^[\w.:[\]-]+$/

/** Why a request is refused; undefined when it is not. */
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
  // The engine's own pages are of the very host that was asked.
  return URL.parse(origin)?.host === url.host && origin.startsWith('http://') ? undefined : 'FOREIGN_ORIGIN'
}
