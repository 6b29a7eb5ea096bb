// If API keys exist, every request needs one: as a Bearer token, or as the user name of Basic
// authorization, which is how Segment's clients send their write key. Health checks stay open.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'
import type { ApiKeys } from '../../src/runtime/api-keys.ts'

const OPEN_PATHS = new Set(['/healthz', '/readyz'])

const NAMES = new WeakMap<FastifyRequest, string>()

/** Name of the key that the request came with; undefined if none is needed. */
export function keyNameOf(request: FastifyRequest): string | undefined {
  return NAMES.get(request)
}

/** Must be registered before the routes it guards. */
export function requireApiKey(app: FastifyInstance, keys: ApiKeys): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (OPEN_PATHS.has(request.routeOptions.url ?? '')) return done()
    const key = keyOf(request)
    const name = key === undefined ? undefined : keys.nameOf(key)
    if (name !== undefined) {
      NAMES.set(request, name)
      return done()
    }
    reply.header('WWW-Authenticate', 'Bearer')
    done(new PulseprintError('UNAUTHORIZED', 'send an API key as "Authorization: Bearer KEY"'))
  })
}

function keyOf(request: FastifyRequest): string | undefined {
  const [scheme, credentials] = (request.headers.authorization ?? '').split(' ', 2)
  if (credentials === undefined) return undefined
  if (scheme?.toLowerCase() === 'bearer') return credentials
  if (scheme?.toLowerCase() !== 'basic') return undefined
  const [user] = Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)
  return user
}
