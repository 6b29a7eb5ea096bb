// GET /v1/shards: who runs each shard, and how far it has come.
import { Type } from 'typebox'
import { SHARD_STATUS } from '../../src/questions/shard-status.ts'
import { ShardStatus } from '../../src/views/views.ts'
import { json, problems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'

const schema = {
  summary: 'See the shards',
  tags: ['operate'],
  response: {
    200: json('Every shard.', Type.Object({ shards: Type.Array(ShardStatus) })),
    ...problems(),
  },
  'x-curl': ['curl http://127.0.0.1:8080/v1/shards'],
}

export function shardsRoute(scope: Scope, { engine }: Services): void {
  scope.get('/v1/shards', { schema }, async (_request, reply) => {
    return sendJson(reply, JSON.stringify({ shards: await engine.ask(SHARD_STATUS, {}) }))
  })
}
