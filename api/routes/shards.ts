// GET /v1/shards: who runs each shard, and how far it has come.
import { Type } from 'typebox'
import { SHARD_STATUS } from '../../src/questions/shard-status.ts'
import { ShardStatus } from '../../src/views/views.ts'
import { json, problems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'

const Shards = Type.Object({
  shards: Type.Array(ShardStatus),
  historyWaitMs: Type.Union([Type.Integer(), Type.Null()], {
    description:
      "The definition's `historyWait`, in milliseconds; null if it has neither stages nor rules, so that nothing waits.",
  }),
})

const schema = {
  summary: 'See the shards',
  tags: ['operate'],
  response: {
    200: json('Every shard.', Shards),
    ...problems(),
  },
  'x-curl': ['curl http://127.0.0.1:8080/v1/shards'],
}

export function shardsRoute(scope: Scope, { engine }: Services): void {
  scope.get('/v1/shards', { schema }, async (_request, reply) => {
    const { lifecycle, rules, historyWaitMs } = engine.definition
    const waits = lifecycle !== undefined || rules.length > 0
    const shards = await engine.ask(SHARD_STATUS, {})
    return sendJson(reply, JSON.stringify({ shards, historyWaitMs: waits ? historyWaitMs : null }))
  })
}
