// Points are spent once: clients that redeem at the same time, through two nodes, get what there is
// and no more; and each refusal is on its stream once, also over kill -9.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClusterServers, startClusterServers, TestCluster } from '../support/cluster.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { Listener } from '../support/listener.ts'

const DEFINITION = `version: 1
actions:
  earn: { properties: { points: { type: integer, required: true } } }
  redeem:
    properties: { points: { type: integer, required: true } }
    guard: "properties.points > 0 && features.earned - features.spent >= properties.points"
features:
  earned: { aggregate: sum, action: earn, of: properties.points }
  spent: { aggregate: sum, action: redeem, of: properties.points }
`
const REDEEMS = 1_000
const USERS = 10

interface Receipt {
  id: string
  status: string
  shard: number
  sequence: number
  error?: { code: string; path: string; message: string }
}
interface Refusal {
  id: string
  userId: string
  action: string
  actionId: string
  guard: string
}

let servers: ClusterServers

beforeAll(async () => {
  servers = await startClusterServers()
})
afterAll(() => servers.stop())

const earn = (userId: string, points: number) => ({ userId, action: 'earn', properties: { points } })
const redeem = (id: string, userId: string) => ({ id, userId, action: 'redeem', properties: { points: 3 } })

test('two clients redeem the same points through two nodes a thousand times: never below zero', async () => {
  const cluster = new TestCluster(servers, { PULSEPRINT_DEFINITION: definitionFile(DEFINITION) })
  const [a, b] = await cluster.startAll('a', 'b')
  const users = Array.from({ length: USERS }, (_, index) => `saver-${index}`)
  const refusals = await Listener.open<Refusal>(b!.url, '/v1/streams/refused?after=0')
  let spent = 0
  const refused = new Set<string>()
  const client = async (node: typeof a, name: string) => {
    for (let sent = 0; sent < REDEEMS / 2; sent += 20) {
      const ids = Array.from({ length: 20 }, (_, index) => `${name}-${sent + index}`)
      const actions = ids.map((id, index) => redeem(id, users[index % USERS]!))
      const { status, body } = await node!.post<{ receipts: Receipt[] }>('/v1/actions', actions)
      expect(status).toBe(200)
      for (const { id, status } of body.receipts) {
        if (status === 'accepted') spent += 3
        else {
          expect(status).toBe('refused')
          refused.add(id)
        }
      }
    }
  }
  // 100 points each: 33 redeems of the hundred that each user tries.
  for (const user of users) await a!.send([earn(user, 100)])
  await Promise.all([client(a, 'a'), client(b, 'b')])
  expect(spent).toBe(USERS * 99)
  expect(refused.size).toBe(REDEEMS - USERS * 33)
  for (const node of [a!, b!]) {
    for (const user of users) {
      const { body } = await node.get<{ features: { earned: number; spent: number } }>(`/v1/profiles/${user}`)
      expect(body.features).toEqual({ earned: 100, spent: 99 })
    }
  }
  await refusals.has(refused.size)
  expect(new Set(refusals.entries.map(({ actionId }) => actionId))).toEqual(refused)
  expect(refusals.entries).toHaveLength(refused.size)
})

test('over kill -9, what was acknowledged stays, and each refusal is told once', async () => {
  const engine = await EngineProcess.startForTest(definitionFile(DEFINITION))
  const refusals = await Listener.open<Refusal>(engine.url, '/v1/streams/refused?after=0')
  await engine.json('/v1/actions', earn('u', 100))
  const refused: string[] = []
  let spent = 0
  for (let round = 0; round < 4; round++) {
    for (let sent = 0; sent < 5; sent++) {
      const ids = Array.from({ length: 4 }, (_, index) => `${round}-${sent}-${index}`)
      const answer = await engine.json<{ receipts: Receipt[] }>(
        '/v1/actions',
        ids.map((id) => redeem(id, 'u')),
      )
      for (const { id, status, error } of answer.receipts) {
        if (status === 'accepted') spent += 3
        else {
          expect([status, error?.code]).toEqual(['refused', 'REFUSED'])
          refused.push(id)
        }
      }
    }
    await engine.kill()
    engine.restart()
    await engine.ready()
  }
  expect(spent).toBe(99)
  expect(await engine.json('/v1/profiles/u')).toMatchObject({ features: { earned: 100, spent: 99 } })
  await refusals.has(refused.length)
  expect(refusals.entries.map(({ actionId }) => actionId)).toEqual(refused)
  expect(refusals.entries[0]).toMatchObject({
    userId: 'u',
    action: 'redeem',
    guard: 'properties.points > 0 && features.earned - features.spent >= properties.points',
  })
})
