import { expect, test } from 'vitest'
import { PulseprintError } from '../../../src/errors.ts'
import { testApi } from '../../support/api.ts'
import { STUB_SHARDS, stubEngine } from '../../support/stub-engine.ts'

test('a rebuild is begun with POST and looked at with GET', async () => {
  const app = testApi(stubEngine())
  const begun = await app.inject({ method: 'POST', url: '/v1/shards/3/rebuild' })
  expect([begun.statusCode, begun.json()]).toEqual([
    202,
    expect.objectContaining({ shard: 3, state: 'running' }),
  ])
  const seen = await app.inject('/v1/shards/3/rebuild')
  expect([seen.statusCode, seen.json()]).toEqual([200, begun.json()])
})

test('a shard that is none is refused with the numbers there are', async () => {
  const app = testApi(stubEngine())
  for (const method of ['GET', 'POST'] as const) {
    const unknown = await app.inject({ method, url: `/v1/shards/${STUB_SHARDS}/rebuild` })
    expect(unknown.json()).toMatchObject({
      status: 404,
      code: 'UNKNOWN_SHARD',
      detail: 'there are the shards 0 to 3',
    })
    const wrong = await app.inject({ method, url: '/v1/shards/-1/rebuild' })
    expect(wrong.json()).toMatchObject({ status: 400, code: 'INVALID_REQUEST' })
  }
})

test('why a rebuild cannot begin is told with its code', async () => {
  for (const [code, status] of [
    ['REBUILD_RUNNING', 409],
    ['LOG_TRIMMED', 409],
    ['NO_REBUILD', 404],
  ] as const) {
    const fail = () => Promise.reject(new PulseprintError(code, 'so it is'))
    const app = testApi(stubEngine({}, { startRebuild: fail, rebuild: fail }))
    const answers = [
      await app.inject({ method: 'POST', url: '/v1/shards/0/rebuild' }),
      await app.inject('/v1/shards/0/rebuild'),
    ]
    for (const answer of answers) expect(answer.json()).toMatchObject({ code, status, detail: 'so it is' })
  }
})
