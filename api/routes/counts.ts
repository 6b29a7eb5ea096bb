// GET /v1/profiles/{userId}/counts: how often a user did something, per local day, over any span.
import { Type } from 'typebox'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { dayOfDate } from '../../src/model/civil-date.ts'
import { COUNTS, type CountsParameters } from '../../src/questions/counts.ts'
import { CountsView } from '../../src/views/views.ts'
import { json, problems } from '../schemas/answers.ts'
import { UserParams } from '../schemas/parameters.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { parseUserKey } from '../user-key.ts'
import { unknownUser } from './profile.ts'

const LocalDate = (description: string) =>
  Type.String({ maxLength: 10, description: `${description} YYYY-MM-DD.` })

const Query = Type.Object(
  {
    action: Type.Optional(
      Type.String({ minLength: 1, maxLength: LIMITS.nameLengthMax, description: 'Default: all actions.' }),
    ),
    from: Type.Optional(LocalDate("First local date, in the definition's time zone.")),
    to: Type.Optional(LocalDate('Last local date, inclusive.')),
    by: Type.Optional(Type.Literal('day')),
  },
  { additionalProperties: false },
)

const schema = {
  summary: 'Count actions per day',
  tags: ['read'],
  params: UserParams,
  querystring: Query,
  response: {
    200: json('The counts; days without any are left out.', CountsView),
    ...problems('UNKNOWN_USER', 'OVERLOADED', 'NOT_READY', 'OWNER_UNREACHABLE'),
  },
  'x-curl': ["curl 'http://127.0.0.1:8080/v1/profiles/u-17/counts?action=purchase&from=2026-01-01&by=day'"],
}

export function countsRoute(scope: Scope, { engine }: Services): void {
  scope.get('/v1/profiles/:userId/counts', { schema }, async (request, reply) => {
    const { action, from, to } = request.query
    const parameters: CountsParameters = { user: parseUserKey(request.params.userId) }
    if (action !== undefined) parameters.action = action
    if (from !== undefined) parameters.from = checkedDate(from, '?from')
    if (to !== undefined) parameters.to = checkedDate(to, '?to')
    const counts = await engine.ask(COUNTS, parameters)
    if (!counts) throw unknownUser()
    return sendJson(reply, JSON.stringify(counts))
  })
}

function checkedDate(text: string, path: string): string {
  if (dayOfDate(text) === undefined) {
    throw new PulseprintError('INVALID_REQUEST', 'must be a date that exists, YYYY-MM-DD', { path })
  }
  return text
}
