// Bounds the memory of request bodies that are received or worked on, over all connections
// together. Bytes count as they arrive and as they are unpacked. Past the bound, a request gets
// 429. The engine cuts a body that arrives too slowly.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'

const LOOKS_MS = 1_000

/** The bytes of all bodies together. */
interface Total {
  bytes: number
  readonly max: number
  /** The part of it that only small bodies may take. */
  readonly smallShare: number
}

/** The bytes of one request's body, from its first byte until the request is answered. */
export class BodyCharge {
  readonly #total: Total
  readonly #startedAt = performance.now()
  #bytes = 0
  /** Called if the body arrives too slowly; undefined once it has arrived. */
  onTooSlow: ((error: PulseprintError) => void) | undefined

  constructor(total: Total) {
    this.#total = total
  }

  /** Errors: OVERLOADED if there is no room for so many more bytes. */
  add(bytes: number): void {
    const total = this.#total
    const own = this.#bytes + bytes
    const others = total.bytes - this.#bytes
    const max = own <= LIMITS.smallBodyBytes ? total.max : total.max - total.smallShare
    // One body always fits, whatever the bounds, or no request could ever be served.
    if (others > 0 && others + own > max) {
      throw new PulseprintError('OVERLOADED', 'too many request bodies are being worked on')
    }
    this.#bytes = own
    total.bytes += bytes
  }

  release(bytes = this.#bytes): void {
    this.#bytes -= bytes
    this.#total.bytes -= bytes
  }

  /** @param now as performance.now() gives it, ms */
  cutIfTooSlow(now: number): void {
    const seconds = (now - this.#startedAt - LIMITS.bodyGraceMs) / 1_000
    if (this.#bytes >= seconds * LIMITS.bodyBytesPerSecondMin) return
    this.onTooSlow?.(
      new PulseprintError(
        'REQUEST_TIMEOUT',
        `a body that takes more than ${LIMITS.bodyGraceMs / 1_000} s must come with ${LIMITS.bodyBytesPerSecondMin} bytes a second`,
      ),
    )
  }
}

const CHARGES = new WeakMap<FastifyRequest, BodyCharge>()

/** For a request that may have a body, in a scope that is bounded. */
export function chargeOf(request: FastifyRequest): BodyCharge {
  return CHARGES.get(request) as BodyCharge
}

/** @param max bytes of all bodies together */
export function boundBodiesInFlight(scope: FastifyInstance, max: number): void {
  const smallShare = Math.min(LIMITS.smallBodiesShareBytes, max / 4)
  const total: Total = { bytes: 0, max, smallShare }
  const open = new Set<BodyCharge>()
  scope.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    const charge = new BodyCharge(total)
    CHARGES.set(request, charge)
    open.add(charge)
    reply.raw.once('close', () => {
      open.delete(charge)
      charge.release()
    })
    done()
  })
  const looking = setInterval(() => {
    const now = performance.now()
    for (const charge of open) charge.cutIfTooSlow(now)
  }, LOOKS_MS).unref()
  scope.addHook('onClose', async () => clearInterval(looking))
}
