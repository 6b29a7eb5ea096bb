// A cluster is one engine: whichever node is asked, everything is there.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ClusterNode,
  type ClusterServers,
  type Receipt,
  SHARDS,
  startClusterServers,
  TestCluster,
} from '../support/cluster.ts'
import { usersOf } from '../support/cluster-load.ts'
import { Listener } from '../support/listener.ts'
import { until } from '../support/until.ts'

let servers: ClusterServers
let cluster: TestCluster
let nodes: ClusterNode[]

beforeAll(async () => {
  servers = await startClusterServers()
  cluster = new TestCluster(servers, {}, 'file')
  nodes = await cluster.startAll('a', 'b', 'c')
})
afterAll(async () => {
  await cluster.stop()
  await servers.stop()
})

interface Profile {
  userId: string
  features: Record<string, number>
  source: string
}

/** A user whose shard the node does not run, and whom no other test writes. */
async function userElsewhere(asked: ClusterNode, number: number): Promise<string> {
  const shard = (await asked.shards()).find(({ owner }) => owner !== asked.name)!.shard
  return usersOf(shard, 10 + number)[9 + number]!
}

test('every read of every kind gives the same through any node, at once', async () => {
  const users = Array.from({ length: SHARDS }, (_, shard) => usersOf(shard, 2)).flat()
  // Each user is written through one node and read through the others.
  const receipts: Receipt[] = []
  for (const [index, userId] of users.entries()) {
    const node = nodes[index % nodes.length]!
    const properties = { price: 10 }
    receipts.push(...(await node.send([{ userId, action: 'purchase', properties, id: `${userId}-1` }])))
    for (const other of nodes) {
      const answer = await other.get<Profile>(
        `/v1/profiles/${userId}?minSequence=${receipts[index]!.sequence}`,
      )
      expect([answer.status, answer.body.features.spend, answer.body.source]).toEqual([200, 10, 'live'])
    }
  }
  const asked = users.toReversed()
  for (const node of nodes) {
    const { body } = await node.post<{ profiles: Profile[] }>('/v1/profiles/query', {
      userIds: [...asked, 'nobody'],
      fields: ['purchases'],
    })
    const found = body.profiles.slice(0, -1)
    expect(found.map(({ userId, features }) => [userId, features])).toEqual(
      asked.map((userId) => [userId, { purchases: 1 }]),
    )
    expect(body.profiles.at(-1)).toEqual({ userId: 'nobody', found: false })
    expect((await node.get('/v1/profiles/nobody')).status).toBe(404)
  }
  const user = users[0]!
  const at = new Date(Date.now() + 1_000).toISOString()
  for (const path of ['counts', 'actions', `explain/spend?at=${at}`, `explain/first_purchase?at=${at}`]) {
    const answers = await Promise.all(nodes.map((node) => node.get<object>(`/v1/profiles/${user}/${path}`)))
    const [first, ...others] = answers.map(({ status, body }) => ({ status, body: { ...body, asOf: '' } }))
    expect([path, first!.status]).toEqual([path, 200])
    expect(others).toEqual(others.map(() => first))
  }
})

test('an id that one node has taken is a duplicate at any other, also where all get it at once', async () => {
  const userId = await userElsewhere(nodes[0]!, 1)
  const action = { id: 'order-1', userId, action: 'purchase' }
  expect((await nodes[0]!.send([action]))[0]!.status).toBe('accepted')
  expect((await nodes[1]!.send([action]))[0]!.status).toBe('duplicate')
  const all = await Promise.all(nodes.map((node) => node.send([{ ...action, id: 'order-2' }])))
  expect(all.map(([receipt]) => receipt!.status).toSorted()).toEqual(['accepted', 'duplicate', 'duplicate'])
  const decided = await nodes[1]!.post<{ receipts: { decisions: object[] }[] }>(
    '/v1/actions?return=features,stage,decisions',
    [{ id: 'order-3', userId: 'somebody', action: 'purchase' }],
  )
  expect(decided.body.receipts[0]).toMatchObject({
    features: { purchases: 1 },
    stage: { name: 'customer' },
    decisions: [{ rule: 'first_purchase', actionId: 'order-3' }],
  })
})

test('a shard is rebuilt through a node that does not run it', async () => {
  const userId = await userElsewhere(nodes[0]!, 2)
  const [receipt] = await nodes[0]!.send([{ userId, action: 'view' }])
  const path = `/v1/shards/${receipt!.shard}/rebuild`
  expect((await nodes[0]!.post(path)).status).toBe(202)
  const done = await until(
    async () => {
      const views = await Promise.all(
        nodes.map((node) => node.get<{ state: string; equal: number; users: number }>(path)),
      )
      return views.every(({ body }) => body.state === 'done') && views
    },
    () => 'the rebuild did not end',
  )
  for (const { body } of done) expect(body.equal).toBe(body.users)
  expect(done[0]!.body.users).toBeGreaterThan(0)
})

test('a stream is sent by a node that runs nothing of it, and another one resumes it without loss', async () => {
  const [first, second] = nodes as [ClusterNode, ClusterNode]
  const shards = await first.shards()
  const ofSecond = shards
    .filter(({ owner }) => owner === second.name)
    .map(({ shard }) => usersOf(shard, 8).slice(3))
  const users = ofSecond.flat()
  const heard = await Listener.open<{ userId: string }>(first.url, '/v1/streams/rewards')
  const before = users.slice(0, users.length / 2)
  for (const userId of before) await second.send([{ userId, action: 'purchase' }])
  // What earlier tests have set off may still come in between.
  const own = () => heard.heard.filter(({ data }) => users.includes(data.userId))
  await until(
    () => own().length >= before.length,
    () => `${own().length} of ${before.length} rewards came`,
  )
  expect(own().map(({ data }) => data.userId)).toEqual(before)
  const { place } = own().at(-1)!
  heard.close()
  const after = users.slice(before.length)
  for (const userId of after) await first.send([{ userId, action: 'purchase' }])
  const resumed = await Listener.open<{ userId: string }>(second.url, `/v1/streams/rewards?after=${place}`)
  await resumed.has(after.length)
  expect(resumed.entries.map(({ userId }) => userId)).toEqual(after)
  // As `EventSource` comes back.
  const again = await fetch(`${first.url}/v1/streams/rewards`, { headers: { 'last-event-id': place } })
  expect(await firstData(again)).toMatchObject({ userId: after[0] })
})

async function firstData(events: Response): Promise<unknown> {
  let text = ''
  for await (const part of events.body!.pipeThrough(new TextDecoderStream())) {
    text += part
    const data = /^data: (.*)$/m.exec(text)
    if (data) return JSON.parse(data[1]!)
  }
  throw new Error(`the stream ended:\n${text}`)
}
