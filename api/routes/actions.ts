// POST /v1/actions: the engine's own front door. One action, many, or NDJSON in; a receipt for each out, once
// every accepted one is durable and applied.
import { Type } from 'typebox'
import type { Engine } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import type { Batch, Submitted } from '../../src/ingest/batch.ts'
import { buildBatch } from '../../src/ingest/build-batch.ts'
import { LIMITS } from '../../src/limits.ts'
import { ANONYMOUS_PREFIX } from '../../src/model/user-id.ts'
import { readItems } from '../action-items.ts'
import { statusOf, writeReceipts } from '../receipts.ts'
import { ActionsBody, Receipts } from '../schemas/actions.ts'
import { BODY_CODES, either, json, problems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { bodyIsDocumentation } from '../validator.ts'

const Query = Type.Object(
  {
    wait: Type.Optional(
      Type.Enum(['durable', 'applied'], {
        description:
          'The answer always comes once the actions are durable and applied, so both mean the same today.',
      }),
    ),
    return: Type.Optional(
      Type.String({
        maxLength: 64,
        description: '`features` puts the resulting features on each accepted receipt.',
      }),
    ),
  },
  { additionalProperties: false },
)

const failures = problems(
  ...BODY_CODES,
  'OVERLOADED',
  'NOT_READY',
  'NOT_YET_APPLIED',
  'STORAGE_UNAVAILABLE',
  'FENCED',
)
const schema = {
  summary: 'Send actions',
  description:
    `One action, an array, \`{"actions":[…]}\`, or NDJSON; at most ${LIMITS.requestActionsMax} actions and ` +
    `${LIMITS.bodyBytesMax} bytes, as it is or packed with gzip, deflate or br. One bad item never spoils its neighbours.`,
  tags: ['write'],
  querystring: Query,
  body: ActionsBody,
  response: {
    200: json('Nothing was rejected.', Receipts),
    207: json('Some actions were rejected.', Receipts),
    ...failures,
    400: either(json('No line of the NDJSON could be read.', Receipts), failures[400]),
    422: json(
      'Every action was rejected; the codes on the receipts are INVALID_ACTION, UNKNOWN_ACTION, IN_THE_FUTURE and TOO_LATE.',
      Receipts,
    ),
  },
  'x-curl': [
    `curl http://127.0.0.1:8080/v1/actions -H 'Content-Type: application/json' \\\n` +
      `  -d '{"userId":"u-17","action":"purchase","properties":{"price":12.5}}'`,
    `curl 'http://127.0.0.1:8080/v1/actions?return=features' \\\n  -H 'Content-Type: application/x-ndjson' --data-binary @actions.ndjson`,
  ],
}

export function actionsRoute(scope: Scope, { engine, clock, actionsCounter }: Services): void {
  scope.post('/v1/actions', { schema, validatorCompiler: bodyIsDocumentation }, async (request, reply) => {
    const wantsFeatures = returnsFeatures(request.query.return)
    const items = readItems(request.body as Buffer | undefined, request.headers['content-type'])
    checkCount(items, wantsFeatures)
    const batch = buildBatch(engine.definition, engine.shards, items, clock.now())
    const submitted = await submit(engine, batch)
    const features = wantsFeatures ? await featuresOf(engine, batch, items) : undefined
    const receipts = writeReceipts(batch, submitted, features)
    actionsCounter.inc({ status: 'accepted' }, receipts.accepted)
    actionsCounter.inc({ status: 'duplicate' }, receipts.duplicate)
    actionsCounter.inc({ status: 'rejected' }, receipts.rejected)
    return sendJson(reply.code(statusOf(receipts)), receipts.json)
  })
}

function returnsFeatures(value: string | undefined): boolean {
  if (value === undefined) return false
  for (const name of value.split(',')) {
    if (name === 'features') continue
    const soon = name === 'stage' || name === 'decisions'
    const message = soon ? `this version cannot return ${name} yet` : 'the only thing to return is features'
    throw new PulseprintError('INVALID_REQUEST', message, { path: '?return' })
  }
  return true
}

function checkCount(items: unknown[], wantsFeatures: boolean): void {
  if (items.length > LIMITS.requestActionsMax) {
    throw new PulseprintError('BODY_TOO_LARGE', `a request may have ${LIMITS.requestActionsMax} actions`)
  }
  if (wantsFeatures && items.length > LIMITS.queryUsersMax) {
    const message = `with return, a request may have ${LIMITS.queryUsersMax} actions`
    throw new PulseprintError('INVALID_REQUEST', message, { path: '?return' })
  }
}

const NOTHING: Submitted = { sequences: [], outcomes: [] }

/** Waits for `applied`, for only then is it known which actions are duplicates or too late. */
function submit(engine: Engine, batch: Batch): Promise<Submitted> | Submitted {
  return batch.chunks.length === 0 ? NOTHING : engine.submit(batch, 'applied')
}

/**
 * Reads the profile of every user of the batch once. The actions are applied by now: where a profile cannot be read,
 * its receipts come without features, for an error would say that nothing was taken.
 */
async function featuresOf(
  engine: Engine,
  batch: Batch,
  items: unknown[],
): Promise<(index: number) => string | undefined> {
  const users = items.map((item, index) => (batch.items[index]?.error ? undefined : userOf(item)))
  const featuresByUser = new Map<string, string>()
  const wanted = new Set(users.filter((user) => user !== undefined))
  await Promise.all(
    [...wanted].map(async (user) => {
      const profile = await engine.profile(user, {}).catch(undefinedIfExpected)
      if (profile) featuresByUser.set(user, JSON.stringify(profile.features))
    }),
  )
  return (index) => featuresByUser.get(users[index] as string)
}

function undefinedIfExpected(error: unknown): undefined {
  if (!(error instanceof PulseprintError)) throw error
}

/** Profile key of an item that was found valid. */
function userOf(item: unknown): string {
  const { userId, anonymousId } = item as { userId?: string | null; anonymousId?: string }
  return userId ?? ANONYMOUS_PREFIX + anonymousId
}
