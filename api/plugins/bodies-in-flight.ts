// Bounds the memory of request bodies that are being received or worked on, over all connections
// together. A body counts with what it unpacks to. Past the bound, new requests get 429.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'

/**
 * Says how many bytes a request's body takes from now on. Errors: OVERLOADED when there is no room
 * for them.
 */
export type Reserve = (bytes: number) => void

const RESERVES = new WeakMap<FastifyRequest, Reserve>()

/** For a request of a scope that is bounded. */
export function reserveOf(request: FastifyRequest): Reserve {
  return RESERVES.get(request) ?? (() => {})
}

/** @param inFlightMax bytes of all bodies together @param bodyMax bytes of one */
export function boundBodiesInFlight(scope: FastifyInstance, inFlightMax: number, bodyMax: number): void {
  let inFlight = 0
  scope.addHook('onRequest', (request, reply, done) => {
    const expected = Math.min(expectedBytes(request), bodyMax)
    if (expected === 0) return done()
    let own = 0
    const reserve = (bytes: number) => {
      const others = inFlight - own
      // One body always fits, whatever the bounds, or no request could ever be served.
      if (bytes > own && others > 0 && others + bytes > inFlightMax) {
        throw new PulseprintError('OVERLOADED', 'too many request bodies are being worked on')
      }
      inFlight = others + bytes
      own = bytes
    }
    try {
      reserve(expected)
    } catch (error) {
      return done(error as PulseprintError)
    }
    RESERVES.set(request, reserve)
    reply.raw.once('close', () => reserve(0))
    done()
  })
}

/** Bytes of the body as it is sent; Infinity if the request does not say. */
function expectedBytes({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY
  return Number(headers['content-length'] ?? 0)
}
