// POST /v1/actions: the engine's own front door. It takes one action, many, or NDJSON. It gives a
// receipt for each when all accepted ones are durable and applied.
import { Type } from 'typebox'
import type { Engine } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import type { Batch, BatchItem, Submitted } from '../../src/ingest/batch.ts'
import { buildBatch } from '../../src/ingest/build-batch.ts'
import { LIMITS } from '../../src/limits.ts'
import { ANONYMOUS_PREFIX } from '../../src/model/user-id.ts'
import { PROFILE } from '../../src/questions/profile.ts'
import { decisionView } from '../../src/rules/effect-view.ts'
import type { ProfileView } from '../../src/views/views.ts'
import { readItems } from '../action-items.ts'
import { readInTurn } from '../plugins/bodies.ts'
import { statusOf, writeReceipts } from '../receipts.ts'
import { ActionsBody, Receipts } from '../schemas/actions.ts'
import { BODY_CODES, either, json, problems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'
import { bodyIsDocumentation } from '../validator.ts'

const Query = Type.Object(
  {
    wait: Type.Optional(
      Type.Enum(['durable', 'applied'], {
        description: 'Both mean the same: the answer comes once the actions are durable and applied.',
      }),
    ),
    return: Type.Optional(
      Type.String({
        maxLength: 64,
        description:
          'What to put on each accepted receipt, separated by commas: the resulting `features` and `stage`, and the ' +
          '`decisions` that this very action caused.',
      }),
    ),
  },
  { additionalProperties: false },
)

const RETURNABLE = ['features', 'stage', 'decisions']

const failures = problems(
  ...BODY_CODES,
  'OVERLOADED',
  'NOT_READY',
  'NOT_YET_APPLIED',
  'STORAGE_UNAVAILABLE',
  'OWNER_UNREACHABLE',
)
const schema = {
  summary: 'Send actions',
  description:
    `One action, an array, \`{"actions":[…]}\`, or NDJSON; at most ${LIMITS.requestActionsMax} actions and ` +
    `${LIMITS.bodyBytesMax / 1024 ** 2} MiB, as it is or packed with gzip, deflate or br. One bad item never spoils its neighbours.`,
  tags: ['write'],
  querystring: Query,
  body: ActionsBody,
  response: {
    200: json(
      'Nothing was rejected. What its guard refused has the status `refused` and the code REFUSED.',
      Receipts,
    ),
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
    `curl 'http://127.0.0.1:8080/v1/actions?return=features,stage,decisions' \\\n  -H 'Content-Type: application/x-ndjson' --data-binary @actions.ndjson`,
  ],
}

export function actionsRoute(scope: Scope, { engine, clock, actionsCounter, turns }: Services): void {
  scope.post('/v1/actions', { schema, validatorCompiler: bodyIsDocumentation }, async (request, reply) => {
    const wanted = readReturn(request.query.return)
    const { items, batch } = await readInTurn(request, turns, (body) => {
      const items = readItems(body, request.headers['content-type'])
      checkCount(items, wanted.size > 0)
      return { items, batch: buildBatch(engine.definition, engine.shards, items, clock.now()) }
    })
    const submitted = await submit(engine, batch)
    const extras = wanted.size > 0 ? await readExtras(engine, batch, submitted, items, wanted) : undefined
    const receipts = writeReceipts(batch, submitted, extras)
    actionsCounter.inc({ status: 'accepted' }, receipts.accepted)
    actionsCounter.inc({ status: 'duplicate' }, receipts.duplicate)
    actionsCounter.inc({ status: 'rejected' }, receipts.rejected)
    actionsCounter.inc({ status: 'refused' }, receipts.refused)
    return sendJson(reply.code(statusOf(receipts)), receipts.json)
  })
}

function readReturn(value: string | undefined): ReadonlySet<string> {
  const wanted = new Set(value?.split(','))
  for (const name of wanted) {
    if (RETURNABLE.includes(name)) continue
    const message = `there is no ${JSON.stringify(name)} to return; there are ${RETURNABLE.join(', ')}`
    throw new PulseprintError('INVALID_REQUEST', message, { path: '?return' })
  }
  return wanted
}

function checkCount(items: unknown[], returnsSomething: boolean): void {
  if (items.length > LIMITS.requestActionsMax) {
    throw new PulseprintError('BODY_TOO_LARGE', `a request may have ${LIMITS.requestActionsMax} actions`)
  }
  if (returnsSomething && items.length > LIMITS.queryUsersMax) {
    const message = `with return, a request may have ${LIMITS.queryUsersMax} actions`
    throw new PulseprintError('INVALID_REQUEST', message, { path: '?return' })
  }
}

const NOTHING: Submitted = { sequences: [], outcomes: [], effects: [] }

/** Waits for `applied`, because only then is it known which actions are duplicates or too late. */
function submit(engine: Engine, batch: Batch): Promise<Submitted> | Submitted {
  return batch.chunks.length === 0 ? NOTHING : engine.submit(batch, 'applied')
}

/**
 * Reads the profile of every user of the batch once. The actions are applied by now. If a profile
 * cannot be read, its receipts come without it, because an error would say that nothing was taken.
 */
async function readExtras(
  engine: Engine,
  batch: Batch,
  submitted: Submitted,
  items: unknown[],
  wanted: ReadonlySet<string>,
): Promise<(index: number) => string> {
  const users = items.map((item, index) => (batch.items[index]?.error ? undefined : userOf(item)))
  const views = new Map<string | undefined, string>()
  const readsProfiles = wanted.has('features') || wanted.has('stage')
  const asked = new Set(readsProfiles ? users.filter((user) => user !== undefined) : [])
  await Promise.all(
    [...asked].map(async (user) => {
      const profile = await engine.ask(PROFILE, { user }).catch(undefinedIfExpected)
      if (profile) views.set(user, profileMembers(profile, wanted))
    }),
  )
  return (index) => {
    const decisions = wanted.has('decisions') ? decisionsOf(batch, submitted, index) : undefined
    const view = views.get(users[index]) ?? ''
    return decisions ? `${view},"decisions":${JSON.stringify(decisions)}` : view
  }
}

function profileMembers({ features, stage }: ProfileView, wanted: ReadonlySet<string>): string {
  let members = ''
  if (wanted.has('features')) members += `,"features":${JSON.stringify(features)}`
  if (wanted.has('stage') && stage) members += `,"stage":${JSON.stringify(stage)}`
  return members
}

/** Only what the action itself caused, without what fell due before it. */
function decisionsOf(batch: Batch, submitted: Submitted, index: number) {
  const { chunk, position, id } = batch.items[index] as BatchItem
  const effects = submitted.effects[chunk] ?? []
  return effects
    .filter((effect) => effect.kind === 'decision')
    .filter((decision) => decision.position === position && decision.actionId === id)
    .map(decisionView)
}

function undefinedIfExpected(error: unknown): undefined {
  if (!(error instanceof PulseprintError)) throw error
}

/** Profile key of an item that was found valid. */
function userOf(item: unknown): string {
  const { userId, anonymousId } = item as { userId?: string | null; anonymousId?: string }
  return userId ?? ANONYMOUS_PREFIX + anonymousId
}
