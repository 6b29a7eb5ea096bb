// /v1/shards/{shard}/rebuild: compares the profiles of a shard with what its log gives, and repairs
// those that differ.
import { Type } from 'typebox'
import { PulseprintError } from '../../src/errors.ts'
import { REBUILD, START_REBUILD } from '../../src/questions/rebuild.ts'
import { RebuildView } from '../../src/views/views.ts'
import { json, problems } from '../schemas/answers.ts'
import { type Scope, type Services, sendJson } from '../scope.ts'

const Params = Type.Object({
  shard: Type.String({ pattern: '^[0-9]{1,6}$', description: 'Number of a shard.', examples: ['3'] }),
})

const startSchema = {
  summary: 'Rebuild a shard from its log',
  description:
    'Folds the log of the shard again from its start, compares every profile with the result byte for byte, and puts the new ' +
    'one in the place of each that differs. The shard goes on meanwhile: reads and actions are served as before. Nothing is ' +
    'published again. Answers at once; `GET` tells how it goes.',
  tags: ['operate'],
  params: Params,
  response: {
    202: json('It has begun.', RebuildView),
    ...problems('UNKNOWN_SHARD', 'REBUILD_RUNNING', 'LOG_TRIMMED', 'NOT_READY', 'OWNER_UNREACHABLE'),
  },
  'x-curl': ['curl -X POST http://127.0.0.1:8080/v1/shards/3/rebuild'],
}

const schema = {
  summary: 'See how a rebuild goes',
  description: 'The last rebuild since the shard was taken over by its owner.',
  tags: ['operate'],
  params: Params,
  response: {
    200: json('How it goes, or went.', RebuildView),
    ...problems('UNKNOWN_SHARD', 'NO_REBUILD', 'OWNER_UNREACHABLE'),
  },
  'x-curl': ['curl http://127.0.0.1:8080/v1/shards/3/rebuild'],
}

export function rebuildRoutes(scope: Scope, { engine }: Services): void {
  const parametersOf = ({ shard }: { shard: string }) => {
    if (Number(shard) < engine.shards) return { shard: Number(shard) }
    const message = `there are the shards 0 to ${engine.shards - 1}`
    throw new PulseprintError('UNKNOWN_SHARD', message, { path: 'shard' })
  }
  scope.post('/v1/shards/:shard/rebuild', { schema: startSchema }, async ({ params }, reply) => {
    return sendJson(reply.code(202), JSON.stringify(await engine.ask(START_REBUILD, parametersOf(params))))
  })
  scope.get('/v1/shards/:shard/rebuild', { schema }, async ({ params }, reply) => {
    return sendJson(reply, JSON.stringify(await engine.ask(REBUILD, parametersOf(params))))
  })
}
