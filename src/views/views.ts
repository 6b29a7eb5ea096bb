// The shapes that leave the engine when it is asked: one schema each, from which the types are
// inferred and the OpenAPI document is made. Answers are not checked against them at run time; the
// types do that.
import { type Static, Type } from 'typebox'
import type { Value } from '../model/value.ts'

const Instant = (description: string) => Type.String({ format: 'date-time', description })
const AnyValue = Type.Unsafe<Value>({ description: 'Any JSON value.' })

export const AsOf = Type.Object(
  {
    shard: Type.Integer(),
    epoch: Type.Integer({ description: 'Fencing number of the owner that answered.' }),
    sequence: Type.Integer({ description: 'Position of the log up to which the answer is current.' }),
    at: Instant(
      "When it was read, by the engine's clock; windows are as of then, or as of `at` where it was asked for.",
    ),
  },
  { description: 'How current the answer is.' },
)

const StageEntry = { name: Type.String(), since: Instant('When it was entered.') }

export const StageView = Type.Object(
  {
    ...StageEntry,
    history: Type.Array(Type.Object(StageEntry), {
      description: 'Earlier stages, oldest first; the newest 50.',
    }),
  },
  { description: 'Where the user is in the lifecycle; absent where the definition has none.' },
)

export const BadgeView = Type.Object({ name: Type.String(), at: Instant('When it was first given.') })

export const DecisionView = Type.Object({
  id: Type.String({ description: 'Stable: the same whenever and wherever the decision is seen.' }),
  userId: Type.String(),
  rule: Type.String(),
  at: Instant("By the user's own clock."),
  actionId: Type.Optional(Type.String({ description: 'The action that caused it; missing where time did.' })),
  payload: Type.Optional(AnyValue),
  badge: Type.Optional(Type.String()),
})

export const ProfileView = Type.Object({
  userId: Type.String(),
  features: Type.Record(Type.String(), AnyValue, {
    description: 'Value of each feature by name.',
    examples: [{ purchases: 3, spend: 129.4, last_seen_at: '2026-11-20T09:30:00.123Z' }],
  }),
  approximate: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Object({
        standardError: Type.Number({ description: 'Relative standard error of the method: 0.016 is 1.6 %.' }),
      }),
      { description: 'Features whose value is an estimate.' },
    ),
  ),
  stage: Type.Optional(StageView),
  badges: Type.Optional(
    Type.Array(BadgeView, {
      description: 'In the order they were given; absent where no rule of the definition gives one.',
    }),
  ),
  asOf: AsOf,
  source: Type.Enum(['live', 'snapshot'], {
    description:
      '`live`: from the owner of the shard. `snapshot`: the owner did not answer; asOf says how old.',
  }),
})
export type ProfileView = Static<typeof ProfileView>

export const CountsView = Type.Object({
  userId: Type.String(),
  action: Type.Union([Type.String(), Type.Null()], { description: 'The action counted; null: all.' }),
  timezone: Type.String({ description: 'Zone that the days are cut in.' }),
  coveredFrom: Type.String({
    format: 'date',
    description: 'First local date the engine still holds for this user; counts before it are not known.',
  }),
  total: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Null if the user has done so many different actions that this one has no count of its own.',
  }),
  countedAs: Type.Optional(
    Type.String({ description: 'With a total of null: the action under which it is counted with others.' }),
  ),
  counts: Type.Array(Type.Object({ date: Type.String({ format: 'date' }), count: Type.Integer() })),
})
export type CountsView = Static<typeof CountsView>

const TimelineEntry = Type.Object({
  id: Type.String(),
  action: Type.String(),
  occurredAt: Instant('When it happened.'),
  object: Type.Optional(Type.Object({ type: Type.Optional(Type.String()), id: Type.String() })),
  channel: Type.Optional(Type.String()),
  place: Type.Optional(Type.String()),
  properties: Type.Record(Type.String(), Type.Unknown()),
  shard: Type.Integer(),
  sequence: Type.Integer(),
})
export type TimelineEntry = Static<typeof TimelineEntry>

export const TimelineView = Type.Object({
  userId: Type.String(),
  actions: Type.Array(TimelineEntry),
  cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'Pass it back as `cursor` for the next page; null on the last.',
  }),
})
export type TimelineView = Static<typeof TimelineView>

const Explained = {
  userId: Type.String(),
  name: Type.String(),
  definition: Type.Object(
    { fingerprint: Type.String(), declared: Type.Record(Type.String(), AnyValue) },
    {
      description:
        'The version of the definition (a hash of all that decides stored state), and what it declares.',
    },
  ),
  actions: Type.Array(TimelineEntry, {
    description:
      'The newest actions it is made of or waits for, newest first; at most 10 of the newest 100 of the user.',
  }),
  asOf: AsOf,
}

export const FeatureExplained = Type.Object({
  kind: Type.Literal('feature'),
  ...Explained,
  value: AnyValue,
  standardError: Type.Optional(
    Type.Number({ description: 'Relative standard error, where the value is an estimate.' }),
  ),
  madeOf: Type.Optional(
    Type.Record(Type.String(), AnyValue, {
      description: 'Of a derived feature: the features that it is made of.',
    }),
  ),
  window: Type.Object(
    {
      from: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
      to: Instant('When it was read.'),
    },
    { description: 'The span it covers; `from` is null for lifetime.' },
  ),
  tiles: Type.Array(Type.Object({ from: Instant('When the tile begins.'), value: AnyValue }), {
    description: 'The tiles inside the window, oldest first; none for lifetime.',
  }),
})

export const RuleExplained = Type.Object({
  kind: Type.Literal('rule'),
  ...Explained,
  condition: Type.Union(
    [
      Type.Object({
        when: Type.String(),
        holds: Type.Union([Type.Boolean(), Type.Null()], {
          description: 'As of the instant; null if it reads the action at hand.',
        }),
        features: Type.Record(Type.String(), AnyValue, { description: 'Values of the features it reads.' }),
      }),
      Type.Null(),
    ],
    { description: 'Null where the rule has no `when`.' },
  ),
  stage: Type.Union([Type.String(), Type.Null()]),
  fired: Type.Object({
    times: Type.Integer(),
    lastAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  }),
  heldBack: Type.Union([Type.Enum(['closed', 'limit', 'cooldown', 'audience', 'holdout']), Type.Null()], {
    description: 'What keeps the rule from firing at this instant, if anything does.',
  }),
})

export const ExplainView = Type.Union([FeatureExplained, RuleExplained])
export type ExplainView = Static<typeof ExplainView>
export type FeatureExplained = Static<typeof FeatureExplained>
export type RuleExplained = Static<typeof RuleExplained>

export const ShardStatus = Type.Object({
  shard: Type.Integer(),
  owner: Type.String({ description: 'The node that runs the shard.' }),
  epoch: Type.Integer(),
  head: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Last sequence of the log; null while the log cannot be asked.',
  }),
  applied: Type.Integer({ description: 'Last sequence applied to profiles.' }),
  committed: Type.Integer({ description: 'Last sequence covered by a committed snapshot offset.' }),
  lag: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Records appended but not yet applied; null while the log cannot be asked.',
  }),
  hotUsers: Type.Integer({ description: 'Users held in memory.' }),
})
export type ShardStatus = Static<typeof ShardStatus>

export const RebuildView = Type.Object({
  shard: Type.Integer(),
  epoch: Type.Integer({ description: 'Of the owner that rebuilds it.' }),
  state: Type.Enum(['running', 'done', 'failed']),
  problem: Type.Optional(Type.String({ description: 'Why it failed.' })),
  startedAt: Instant('When it began.'),
  endedAt: Type.Optional(Instant('When it was done, or failed.')),
  progress: Type.Number({ description: 'Share that is done, from 0 to 1.' }),
  passes: Type.Integer({
    description: 'How often the log has been read: only so many users fit into memory at a time.',
  }),
  to: Type.Integer({ description: 'Sequence up to which the log was read, at least.' }),
  users: Type.Integer({ description: 'Users of the log whose profiles were compared.' }),
  equal: Type.Integer({ description: 'Profiles that were what the log gives, byte for byte.' }),
  differing: Type.Integer({ description: 'Profiles that were not, and were replaced.' }),
  missing: Type.Integer({ description: 'Profiles that were not there, and were put in place.' }),
  unlogged: Type.Integer({
    description: 'Profiles of users that the log does not know; they were left alone.',
  }),
  samples: Type.Array(
    Type.Object({
      userId: Type.String({ description: 'A userId, or `anonymous:` and the anonymousId.' }),
      what: Type.Array(Type.String(), { description: 'What was found, in words for people.' }),
    }),
    { description: 'The first of those that were not equal.' },
  ),
})
export type RebuildView = Static<typeof RebuildView>
