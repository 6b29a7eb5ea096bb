// POST /v1/batch and POST /v1/track, identify, page, screen, group, alias: Segment's libraries,
// unmodified.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { PulseprintError } from '../../src/errors.ts'
import type { Batch, ItemError } from '../../src/ingest/batch.ts'
import { buildBatch } from '../../src/ingest/build-batch.ts'
import { LIMITS } from '../../src/limits.ts'
import { RejectedEvents } from '../front-doors/rejected-events.ts'
import { SEGMENT_TYPES, segmentBatch, segmentCall, segmentPath } from '../front-doors/segment.ts'
import { parseJson } from '../json-body.ts'
import { readInTurn } from '../plugins/bodies.ts'
import { BODY_CODES, either, json, problems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { bodyIsDocumentation } from '../validator.ts'

const Rejected = Type.Object({
  index: Type.Integer({ description: 'Of the event in the batch.' }),
  code: Type.String(),
  path: Type.String(),
  message: Type.String(),
})
const Answer = Type.Object({
  success: Type.Boolean(),
  rejected: Type.Optional(Type.Array(Rejected, { description: 'The events that were not taken, if any.' })),
})

const failures = problems(
  ...BODY_CODES,
  'OVERLOADED',
  'NOT_READY',
  'STORAGE_UNAVAILABLE',
  'OWNER_UNREACHABLE',
)
const shared = {
  description: `Segment's form: messageId is the idempotency key, timestamps are corrected by the clock of the sender. Any media type is read as JSON, packed or not. Takes at most ${LIMITS.requestActionsMax} events.`,
  tags: ['write'],
  response: {
    200: json('The events that are not listed as rejected are durable.', Answer),
    ...failures,
    400: either(json('Every event was rejected.', Answer), failures[400]),
  },
}

export function segmentRoutes(scope: Scope, services: Services): void {
  const rejections = new RejectedEvents(services.clock, services.logger)
  const curl = `curl http://127.0.0.1:8080/v1/batch -H 'Content-Type: application/json' \\\n  -d '{"batch":[{"type":"track","userId":"u-17","event":"purchase","messageId":"m-1"}]}'`
  const body = Type.Object({
    batch: Type.Array(Type.Unknown()),
    sentAt: Type.Optional(Type.String({ format: 'date-time' })),
    context: Type.Optional(Type.Unknown()),
  })
  const batchSchema = { ...shared, summary: 'Send a Segment batch', body, 'x-curl': [curl] }
  const takeBatch = async (request: FastifyRequest, reply: FastifyReply) => {
    const receivedAt = services.clock.now()
    const batch = await readInTurn(request, services.turns, (body) => {
      const items = segmentBatch(parseJson(body), receivedAt)
      if (!items)
        throw new PulseprintError('INVALID_REQUEST', 'must be an array of events', { path: '/batch' })
      return batchOf(items, receivedAt, services)
    })
    return take(batch, reply, services, rejections)
  }
  scope.post('/v1/batch', { schema: batchSchema, validatorCompiler: bodyIsDocumentation }, takeBatch)

  // Segment's browser library has a one-letter path for each.
  scope.post('/v1/b', { schema: { hide: true } }, takeBatch)
  for (const type of SEGMENT_TYPES) {
    const schema = { ...shared, summary: `Send a Segment ${type} call`, body: Type.Unknown() }
    const takeCall = async (request: FastifyRequest, reply: FastifyReply) => {
      const receivedAt = services.clock.now()
      const batch = await readInTurn(request, services.turns, (body) =>
        batchOf([segmentCall(parseJson(body), type, receivedAt)], receivedAt, services),
      )
      return take(batch, reply, services, rejections)
    }
    scope.post(`/v1/${type}`, { schema, validatorCompiler: bodyIsDocumentation }, takeCall)
    scope.post(`/v1/${type[0]}`, { schema: { hide: true } }, takeCall)
  }
}

type RejectedEvent = ItemError & { index: number }

function batchOf(items: unknown[], receivedAt: number, { engine }: Services): Batch {
  if (items.length > LIMITS.requestActionsMax) {
    throw new PulseprintError('BODY_TOO_LARGE', `a batch may have ${LIMITS.requestActionsMax} events`)
  }
  return buildBatch(engine.definition, engine.shards, items, receivedAt)
}

/** Appends the valid events, waits until they are durable, and answers with the mistakes. */
async function take(
  batch: Batch,
  reply: FastifyReply,
  services: Services,
  rejections: RejectedEvents,
): Promise<FastifyReply> {
  const { chunks, items } = batch
  const rejected = items.flatMap(({ error }, index) =>
    error ? [{ index, code: error.code, path: segmentPath(error.path), message: error.message }] : [],
  )
  const count = items.length
  if (chunks.length > 0) await services.engine.submit(batch, 'durable')
  services.actionsCounter.inc({ status: 'logged' }, count - rejected.length)
  services.actionsCounter.inc({ status: 'rejected' }, rejected.length)
  return answer(reply, count, rejected, rejections)
}

function answer(
  reply: FastifyReply,
  count: number,
  rejected: RejectedEvent[],
  rejections: RejectedEvents,
): FastifyReply {
  if (rejected.length === 0) return sendJson(reply, '{"success":true}')
  const { code, path } = rejected[0] as RejectedEvent
  rejections.add(rejected.length, count, { code, path })
  const success = rejected.length < count
  return sendJson(reply.code(success ? 200 : 400), JSON.stringify({ success, rejected }))
}
