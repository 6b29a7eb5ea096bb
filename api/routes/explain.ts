// GET /v1/profiles/{userId}/explain/{name}: what is behind the value of a feature, or the firing of
// a rule.
import { Type } from 'typebox'
import { EXPLAIN, type ExplainParameters } from '../../src/questions/explain.ts'
import { ExplainView } from '../../src/views/views.ts'
import { json, problems } from '../schemas/answers.ts'
import { InstantText, instantOf, UserParams } from '../schemas/parameters.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { parseUserKey } from '../user-key.ts'
import { unknownUser } from './profile.ts'

const Params = Type.Object({
  ...UserParams.properties,
  name: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Of a feature or a rule of the definition.',
  }),
})

const Query = Type.Object(
  { at: Type.Optional(InstantText('Explains it as of this instant; default: now.')) },
  { additionalProperties: false },
)

const schema = {
  summary: 'Explain a feature or a rule',
  description:
    'The value with the tiles and the newest actions behind it; or what a rule waits for, how often it has fired and what holds it back.',
  tags: ['read'],
  params: Params,
  querystring: Query,
  response: {
    200: json('What is behind it.', ExplainView),
    ...problems(
      'UNKNOWN_USER',
      'UNKNOWN_FEATURE',
      'AT_TOO_EARLY',
      'OVERLOADED',
      'NOT_READY',
      'OWNER_UNREACHABLE',
    ),
  },
  'x-curl': ['curl http://127.0.0.1:8080/v1/profiles/u-17/explain/purchases'],
}

export function explainRoute(scope: Scope, { engine }: Services): void {
  scope.get('/v1/profiles/:userId/explain/:name', { schema }, async (request, reply) => {
    const { userId, name } = request.params
    const parameters: ExplainParameters = { user: parseUserKey(userId), name }
    if (request.query.at !== undefined) parameters.at = instantOf(request.query.at, '?at') as number
    const explained = await engine.ask(EXPLAIN, parameters)
    if (!explained) throw unknownUser()
    return sendJson(reply, JSON.stringify(explained))
  })
}
