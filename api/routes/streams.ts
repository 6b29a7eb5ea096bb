// GET /v1/streams/{stream}: the entries of a stream as server-sent events, from now on or from
// where a subscriber left off.
import type { OutgoingHttpHeaders } from 'node:http'
import { Type } from 'typebox'
import type { StreamFilter } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { EventStream } from '../event-stream.ts'
import { keyNameOf } from '../plugins/api-keys.ts'
import { problems, text } from '../schemas/answers.ts'
import type { Scope, Services } from '../scope.ts'
import { Subscribers } from '../subscribers.ts'
import { parseUserKey } from '../user-key.ts'

const Params = Type.Object({
  stream: Type.String({
    description: '`actions`, `stages`, or a stream that rules of the definition emit to.',
    examples: ['stages'],
  }),
})

const Query = Type.Object(
  {
    userId: Type.Optional(
      Type.String({ description: 'Only this user: a userId, or `anonymous:` and the anonymousId.' }),
    ),
    action: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LIMITS.nameLengthMax,
        description: 'Only these actions, or what they caused.',
      }),
    ),
    after: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 32,
        description:
          'Id of the last event that was taken; `0`: from the oldest that is held. Default: from now on.',
      }),
    ),
  },
  { additionalProperties: false },
)

const Headers = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      description:
        'Id of the last event that was taken; clients send it when they come back. Wins over `after`.',
    }),
  ),
})

const schema = {
  summary: 'Subscribe to a stream',
  description:
    'Server-sent events without an end: `id` is the place in the stream, `data` the entry as JSON. Each entry comes in ' +
    "order per user. After a break, it comes again only if the client had not taken it. A client's `Last-Event-ID` resumes " +
    `without loss. A client that takes nothing for ${LIMITS.streamStallMs / 1000} s gets the event \`cut\` with ` +
    '`{"code":"SLOW_READER","cursor":…}`, and the connection ends. If the engine is set to drop old entries, it refuses a ' +
    'place after which some are gone (`CURSOR_TOO_OLD`). A client that falls so far behind gets `cut` with that code. A ' +
    `comment comes every ${LIMITS.streamHeartbeatMs / 1000} s.`,
  tags: ['read'],
  params: Params,
  querystring: Query,
  headers: Headers,
  response: {
    200: text('Events, as they happen.', 'text/event-stream'),
    ...problems('UNKNOWN_STREAM', 'CURSOR_TOO_OLD', 'OVERLOADED', 'NOT_READY'),
  },
  'x-curl': ["curl -N 'http://127.0.0.1:8080/v1/streams/stages?after=0'"],
}

export function streamsRoute(scope: Scope, { engine: { streams }, clock, logger }: Services): void {
  const subscribers = new Subscribers(streams)
  // This runs before the server waits for its connections to end.
  scope.addHook('preClose', async () => subscribers.stop())
  scope.get('/v1/streams/:stream', { schema }, async (request, reply) => {
    const { stream } = request.params
    if (!streams.names.has(stream)) throw unknownStream(streams.names)
    const { userId, action, after } = request.query
    const filter: StreamFilter = {}
    if (userId !== undefined) filter.userId = parseUserKey(userId, '?userId')
    if (action !== undefined) filter.action = action
    const cursor = request.headers['last-event-id'] || after || (await streams.head())
    // Finds a wrong cursor while an answer can still say so. If the store is away, the subscriber
    // is let in and waits, because an EventSource gives up for ever on any answer but 200.
    await streams.read(stream, cursor, filter, 0).catch((error: unknown) => {
      if (!(error instanceof PulseprintError && error.code === 'STORAGE_UNAVAILABLE')) throw error
    })
    const key = keyNameOf(request)
    subscribers.checkRoom(key)
    if (request.method === 'HEAD') return reply.type('text/event-stream; charset=utf-8').send()
    reply.hijack()
    const events = new EventStream(reply.raw, clock, reply.getHeaders() as OutgoingHttpHeaders)
    subscribers.serve(events, { stream, cursor, filter, key }).catch((error: unknown) => {
      logger.error('a subscriber met a mistake of the engine', {
        stream,
        error: String((error as Error)?.stack),
      })
      events.stop()
    })
    return reply
  })
}

function unknownStream(names: ReadonlySet<string>): PulseprintError {
  return new PulseprintError(
    'UNKNOWN_STREAM',
    `there is no stream of this name; there are ${[...names].join(', ')}`,
    { path: 'stream' },
  )
}
