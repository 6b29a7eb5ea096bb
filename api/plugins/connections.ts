// Bounds how many requests one connection may have under way, and how long it may take nothing of
// its answers. Otherwise a client that sends requests and reads no answers could fill the memory.
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'

/** Also ends a connection that takes nothing of an answer for so long. */
export const CONNECTION_TIMEOUT_MS = 60_000

/** Requests of each connection whose answer is missing or not taken yet. */
const OPEN = new WeakMap<Socket, number>()

export function boundConnections(app: FastifyInstance): void {
  app.server.maxConnections = LIMITS.connectionsMax
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw
    const open = (OPEN.get(socket) ?? 0) + 1
    OPEN.set(socket, open)
    if (open <= LIMITS.connectionRequestsMax) return done()
    reply.header('connection', 'close')
    done(
      new PulseprintError(
        'OVERLOADED',
        `a connection may have ${LIMITS.connectionRequestsMax} requests open`,
      ),
    )
  })
  app.addHook('onResponse', (request, _reply, done) => {
    const { socket } = request.raw
    OPEN.set(socket, (OPEN.get(socket) ?? 1) - 1)
    done()
  })
}
