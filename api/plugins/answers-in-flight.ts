// Bounds the memory of answers that clients have not taken yet, over all connections of a thread.
// Past the bound, a request gets 429 instead of its answer.
import type { FastifyInstance } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'
import { PROBLEM_TYPE, problemJson, retryAfterSeconds } from '../problem.ts'

/** Smaller answers are bounded by the number of connections and of their requests. */
const COUNTED_FROM = 4 * 1024

export class AnswersInFlight {
  readonly #max: number
  #size = 0

  /** @param max characters of all answers together */
  constructor(max: number) {
    this.#max = max
  }

  /** Use it for routes that change nothing: the answer to a write must not be thrown away. */
  bound(scope: FastifyInstance): void {
    scope.addHook<unknown>('onSend', (_request, reply, payload, done) => {
      const size = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0
      if (size < COUNTED_FROM) return done(null, payload)
      // One answer always fits, or it could never be sent.
      if (this.#size > 0 && this.#size + size > this.#max) {
        const problem = new PulseprintError('OVERLOADED', 'too many answers wait to be taken')
        reply.code(problem.status).header('content-type', PROBLEM_TYPE).removeHeader('content-length')
        reply.header('retry-after', String(retryAfterSeconds(problem)))
        return done(null, problemJson(problem))
      }
      this.#size += size
      reply.raw.once('close', () => {
        this.#size -= size
      })
      done(null, payload)
    })
  }
}
