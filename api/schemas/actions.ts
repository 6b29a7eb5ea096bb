// What clients write: the action and its receipt. The engine checks actions itself
// (src/ingest/validate.ts), because a schema can say neither which item of many is wrong nor which
// types the definition wants.
import { Type } from 'typebox'
import { LIMITS } from '../../src/limits.ts'
import { DecisionView, StageView } from '../../src/views/views.ts'

const id = (description: string) => Type.String({ minLength: 1, maxLength: LIMITS.idLengthMax, description })
const name = (description: string) =>
  Type.String({ minLength: 1, maxLength: LIMITS.nameLengthMax, description })

export const Action = Type.Object(
  {
    id: Type.Optional(id('Idempotency key; made when missing. A client that may retry sends one.')),
    userId: Type.Optional(id('Who. One of userId and anonymousId is required.')),
    anonymousId: Type.Optional(id('A visitor who is not known yet; the profile `anonymous:` and this id.')),
    action: name('What the user did.'),
    occurredAt: Type.Optional(
      Type.Union([Type.String({ format: 'date-time' }), Type.Integer()], {
        description: 'When: ISO 8601 with a zone, or epoch milliseconds. Default: arrival.',
      }),
    ),
    object: Type.Optional(
      Type.Object(
        { type: Type.Optional(name('Kind of thing.')), id: id('Which.') },
        { description: 'What it was done to.' },
      ),
    ),
    channel: Type.Optional(name('How: `ios`, `web`, `server` …')),
    place: Type.Optional(name('Where.')),
    properties: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Anything else.' })),
  },
  {
    $id: 'Action',
    description: 'One thing a user did.',
    examples: [
      {
        id: 'order-1001',
        userId: 'u-17',
        action: 'purchase',
        object: { type: 'product', id: 'p-5' },
        channel: 'ios',
        properties: { price: 12.5, quantity: 2 },
      },
    ],
  },
)

const action = Type.Ref('Action#')
const actions = Type.Array(action, { maxItems: LIMITS.requestActionsMax })

export const ActionsBody = {
  content: {
    'application/json': { schema: Type.Union([action, actions, Type.Object({ actions })]) },
    'application/x-ndjson': { schema: Type.String({ description: 'One action per line.' }) },
  },
}

export const Receipt = Type.Object(
  {
    id: Type.Union([Type.String(), Type.Null()], {
      description: 'Null if the action was rejected before it had one.',
    }),
    status: Type.Enum(['accepted', 'duplicate', 'rejected', 'refused']),
    shard: Type.Optional(Type.Integer()),
    sequence: Type.Optional(Type.Integer({ description: 'Pass it as minSequence to read your write.' })),
    features: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'With `return=features`; missing if the profile could not be read at once.',
      }),
    ),
    stage: Type.Optional(StageView),
    decisions: Type.Optional(
      Type.Array(DecisionView, { description: 'With `return=decisions`: what this very action caused.' }),
    ),
    error: Type.Optional(
      Type.Object({
        code: Type.String(),
        path: Type.String({ description: 'JSON pointer from the list of actions: `/1/occurredAt`.' }),
        message: Type.String(),
      }),
    ),
  },
  { $id: 'Receipt' },
)

export const Receipts = Type.Object({
  receipts: Type.Array(Type.Ref('Receipt#'), { description: 'One per action, in the order they were sent.' }),
})
