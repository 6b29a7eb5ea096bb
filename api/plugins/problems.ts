// Turns everything that goes wrong around a request into problem+json: thrown errors, unknown
// addresses, wrong methods, and requests so broken that no route ever sees them.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, PulseprintError } from '../../src/errors.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { asPulseprintError, PROBLEM_TYPE, problemJson, retryAfterSeconds } from '../problem.ts'
import { RouteTable } from '../route-table.ts'

export function sendProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const error = asPulseprintError(thrown)
  if (error.code === 'INTERNAL') {
    const { method, routeOptions } = request
    const stack = thrown instanceof Error ? thrown.stack : String(thrown)
    logger.error('a request met a mistake of the engine', { method, route: routeOptions.url, stack })
  }
  const retryAfter = retryAfterSeconds(error)
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  // Fastify closes the connection when it gives up on a body. This keeps it open, and the rest of
  // the body is read and thrown away (within requestTimeout). So the client can read the answer and
  // gets no connection reset.
  if (error.code === 'BODY_TOO_LARGE') reply.removeHeader('connection')
  if (error.code === 'REQUEST_TIMEOUT') reply.header('connection', 'close')
  return reply.code(error.status).header('content-type', PROBLEM_TYPE).send(problemJson(error))
}

/**
 * Call it before any route is added: it watches the routes to learn which methods an address takes.
 */
export function handleProblems(app: FastifyInstance, logger: Logger): void {
  const routes = new RouteTable()
  app.addHook('onRoute', (route) => routes.add(route.url, route.method))
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, logger))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = routes.methodsAt(path)
    if (allowed.length === 0) {
      return sendProblem(
        new PulseprintError('NOT_FOUND', 'see /docs for the addresses there are'),
        request,
        reply,
        logger,
      )
    }
    reply.header('allow', allowed.join(', '))
    const detail = `this address takes ${allowed.join(', ')}`
    return sendProblem(new PulseprintError('METHOD_NOT_ALLOWED', detail), request, reply, logger)
  })
}

/** Answers on the bare socket if a request is not HTTP, is too slow, or has too large headers. */
export function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = clientProblem(error.code)
  const body = problemJson(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nConnection: close\r\n` +
      `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function clientProblem(code: string | undefined): PulseprintError {
  const [ours, detail]: [ErrorCode, string] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['REQUEST_TIMEOUT', 'the whole request must arrive in time']
      : code === 'HPE_HEADER_OVERFLOW'
        ? ['HEADERS_TOO_LARGE', 'the request line and headers together are too long']
        : ['INVALID_REQUEST', 'this is not a well-formed HTTP request']
  return new PulseprintError(ours, detail)
}
