// GET /v1/profiles/{userId}: one live profile. It is read more often than any other route, so it
// costs little over the bare server.
import { Type } from 'typebox'
import { PulseprintError } from '../../src/errors.ts'
import { PROFILE, type ProfileParameters } from '../../src/questions/profile.ts'
import { ProfileView } from '../../src/views/views.ts'
import { AnswerBurst } from '../answer-burst.ts'
import { json, problems } from '../schemas/answers.ts'
import { InstantText, instantOf, namesOf, UserParams } from '../schemas/parameters.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { parseUserKey } from '../user-key.ts'

const Query = Type.Object(
  {
    fields: Type.Optional(
      Type.String({ description: 'Names of features, separated by commas. Default: all.' }),
    ),
    at: Type.Optional(InstantText('Evaluates windows as of this instant; default: now.')),
    minSequence: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: "Answers once the user's shard has applied its log up to here.",
      }),
    ),
    maxStaleness: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Oldest labelled snapshot that may answer, milliseconds.' }),
    ),
  },
  { additionalProperties: false },
)

const schema = {
  summary: 'Read a profile',
  tags: ['read'],
  params: UserParams,
  querystring: Query,
  response: {
    200: json('The profile.', ProfileView),
    ...problems(
      'UNKNOWN_USER',
      'UNKNOWN_FEATURE',
      'AT_TOO_EARLY',
      'OVERLOADED',
      'NOT_YET_APPLIED',
      'DATA_DAMAGED',
      'NOT_READY',
      'OWNER_UNREACHABLE',
      'TOO_STALE',
    ),
  },
  'x-curl': ["curl 'http://127.0.0.1:8080/v1/profiles/u-17?fields=purchases,spend'"],
}

export function profileRoute(scope: Scope, { engine }: Services): void {
  const burst = new AnswerBurst()
  scope.get('/v1/profiles/:userId', { schema }, async (request, reply) => {
    const { fields, at, minSequence, maxStaleness } = request.query
    const parameters: ProfileParameters = { user: parseUserKey(request.params.userId) }
    if (fields !== undefined) parameters.fields = namesOf(fields, '?fields') as string[]
    if (at !== undefined) parameters.at = instantOf(at, '?at') as number
    if (minSequence !== undefined) parameters.minSequence = minSequence
    if (maxStaleness !== undefined) parameters.maxStalenessMs = maxStaleness
    const profile = await engine.ask(PROFILE, parameters)
    if (!profile) throw unknownUser()
    const body = JSON.stringify(profile)
    await burst.turnEnd()
    return sendJson(reply, body)
  })
}

export function unknownUser(): PulseprintError {
  return new PulseprintError('UNKNOWN_USER', 'no action of this user was ever accepted')
}
