// POST /v1/profiles/query: many profiles in one request, in the order they were asked for.
import { Type } from 'typebox'
import type { Engine } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import { PROFILE, type ProfileParameters } from '../../src/questions/profile.ts'
import { ProfileView } from '../../src/views/views.ts'
import { BODY_CODES, json, problems } from '../schemas/answers.ts'
import { instantOf } from '../schemas/parameters.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { parseUserKey } from '../user-key.ts'

const Body = Type.Object(
  {
    userIds: Type.Array(Type.String(), { maxItems: LIMITS.queryUsersMax, examples: [['u-17', 'u-18']] }),
    fields: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: LIMITS.queryFieldsMax,
        description: 'Names of features. Default: all.',
      }),
    ),
    at: Type.Optional(
      Type.Union([Type.String(), Type.Integer()], {
        description: 'Evaluates windows as of this instant; default: now.',
      }),
    ),
  },
  { additionalProperties: false },
)

const Missing = Type.Object({
  userId: Type.String(),
  found: Type.Boolean(),
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
})

const schema = {
  summary: 'Read many profiles',
  description:
    'A user without a profile is `{"userId","found":false}`. If `at` is too early for one user, that user is ' +
    '`{"userId","found":true,"error":{"code":"AT_TOO_EARLY"}}` and the others are answered.',
  tags: ['read'],
  body: Body,
  response: {
    200: json('The profiles.', Type.Object({ profiles: Type.Array(Type.Union([ProfileView, Missing])) })),
    ...problems(
      ...BODY_CODES,
      'UNKNOWN_FEATURE',
      'OVERLOADED',
      'NOT_READY',
      'OWNER_UNREACHABLE',
      'TOO_STALE',
    ),
  },
  'x-curl': [
    `curl http://127.0.0.1:8080/v1/profiles/query -H 'Content-Type: application/json' \\\n  -d '{"userIds":["u-17","u-18"]}'`,
  ],
}

export function profilesQueryRoute(scope: Scope, { engine }: Services): void {
  scope.post('/v1/profiles/query', { schema }, async (request, reply) => {
    const { userIds, fields, at } = request.body
    const options: Omit<ProfileParameters, 'user'> = {}
    if (fields !== undefined) options.fields = [...new Set(fields)]
    if (at !== undefined) options.at = instantOf(at, '/at') as number
    const users = userIds.map((userId, index) => parseUserKey(userId, `/userIds/${index}`))
    const profiles = await Promise.all(users.map((user) => profileOrWhyNot(engine, user, options)))
    return sendJson(reply, JSON.stringify({ profiles }))
  })
}

async function profileOrWhyNot(
  engine: Engine,
  user: string,
  options: Omit<ProfileParameters, 'user'>,
): Promise<ProfileView | { userId: string; found: boolean; error?: object }> {
  try {
    return (await engine.ask(PROFILE, { user, ...options })) ?? { userId: user, found: false }
  } catch (error) {
    if (!(error instanceof PulseprintError) || error.code !== 'AT_TOO_EARLY') throw error
    return { userId: user, found: true, error: { code: error.code, message: error.message } }
  }
}
