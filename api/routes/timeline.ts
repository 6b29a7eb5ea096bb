// GET /v1/profiles/{userId}/actions: the newest actions of a user, page by page.
import { Type } from 'typebox'
import { LIMITS } from '../../src/limits.ts'
import { TIMELINE, type TimelineParameters } from '../../src/questions/timeline.ts'
import { TimelineView } from '../../src/views/views.ts'
import { json, problems } from '../schemas/answers.ts'
import { InstantText, instantOf, UserParams } from '../schemas/parameters.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { parseUserKey } from '../user-key.ts'
import { unknownUser } from './profile.ts'

const PAGE_LENGTH = 20

const Query = Type.Object(
  {
    action: Type.Optional(
      Type.String({ minLength: 1, maxLength: LIMITS.nameLengthMax, description: 'Default: all.' }),
    ),
    from: Type.Optional(InstantText('Only what occurred at or after this instant.')),
    to: Type.Optional(InstantText('Only what occurred before this instant.')),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.timelineLengthMax,
        description: `Default: ${PAGE_LENGTH}.`,
      }),
    ),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'From the page before.' }),
    ),
  },
  { additionalProperties: false },
)

const schema = {
  summary: "Read a user's newest actions",
  description: `The newest ${LIMITS.timelineLengthMax} actions of a user are kept, in the order they were accepted.`,
  tags: ['read'],
  params: UserParams,
  querystring: Query,
  response: {
    200: json('One page, newest first.', TimelineView),
    ...problems('UNKNOWN_USER', 'OVERLOADED', 'NOT_READY', 'OWNER_UNREACHABLE'),
  },
  'x-curl': ["curl 'http://127.0.0.1:8080/v1/profiles/u-17/actions?limit=5'"],
}

export function timelineRoute(scope: Scope, { engine }: Services): void {
  scope.get('/v1/profiles/:userId/actions', { schema }, async (request, reply) => {
    const { action, from, to, limit, cursor } = request.query
    const user = parseUserKey(request.params.userId)
    const parameters: TimelineParameters = { user, limit: limit ?? PAGE_LENGTH }
    if (action !== undefined) parameters.action = action
    if (from !== undefined) parameters.from = instantOf(from, '?from') as number
    if (to !== undefined) parameters.to = instantOf(to, '?to') as number
    if (cursor !== undefined) parameters.cursor = cursor
    const timeline = await engine.ask(TIMELINE, parameters)
    if (!timeline) throw unknownUser()
    return sendJson(reply, JSON.stringify(timeline))
  })
}
