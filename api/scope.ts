// What routes get, and how they answer.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, RawServerDefault } from 'fastify'
import type { Engine } from '../src/engine.ts'
import type { Clock } from '../src/runtime/clock.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { ActionsCounter } from '../src/runtime/metrics.ts'
import type { TurnBudget } from '../src/runtime/turn-budget.ts'

/** A part of the app whose routes take their types from their schemas. */
export type Scope = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface Services {
  engine: Engine
  clock: Clock
  actionsCounter: ActionsCounter
  logger: Logger
  /** Time for reading large bodies. */
  turns: TurnBudget
}

/** Sends text that is JSON already, without a serialiser. */
export function sendJson(reply: FastifyReply, body: string): FastifyReply {
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(body)
}
