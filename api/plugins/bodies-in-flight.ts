// Bounds the memory of request bodies that are being received or worked on, over all connections together: past
// the bound new requests are told to come later, before a byte of their body is read.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'

/** How many times its size a packed body is taken to need; JSON rarely packs better. */
const UNPACKED_RATIO = 64

/** @param inFlightMax bytes of all bodies together @param bodyMax bytes of one */
export function boundBodiesInFlight(scope: FastifyInstance, inFlightMax: number, bodyMax: number): void {
  let inFlight = 0
  scope.addHook('onRequest', (request, reply, done) => {
    const size = Math.min(expectedBytes(request), bodyMax)
    if (size === 0) {
      done()
      return
    }
    // One body always fits, whatever the bounds, or no request could ever be served.
    if (inFlight > 0 && inFlight + size > inFlightMax) {
      done(new PulseprintError('OVERLOADED', 'too many request bodies are being worked on'))
      return
    }
    inFlight += size
    reply.raw.once('close', () => {
      inFlight -= size
    })
    done()
  })
}

/** Bytes the body may need once unpacked; Infinity where the request does not say. */
function expectedBytes({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY
  const sent = Number(headers['content-length'] ?? 0)
  return headers['content-encoding'] === undefined ? sent : sent * UNPACKED_RATIO
}
