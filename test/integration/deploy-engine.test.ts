// The engine as it is deployed: nodes with API keys, over TLS, as the users that the shipped
// configurations let in.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { PROGRAM } from '../support/program.ts'
import { freePort } from '../support/servers.ts'
import {
  makeSecrets,
  type Secrets,
  type ShippedNats,
  type ShippedRedis,
  startShippedNats,
  startShippedRedis,
} from '../support/shipped-servers.ts'
import { until } from '../support/until.ts'

const PATIENCE_MS = 120_000

let folder: string
let secrets: Secrets
let nats: ShippedNats
let redis: ShippedRedis

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pulseprint-deploy-'))
  secrets = await makeSecrets(join(folder, 'secrets'))
  nats = await startShippedNats(folder, secrets)
  redis = await startShippedRedis(folder, secrets)
})
afterAll(async () => {
  await nats?.stop()
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Node {
  url: string
  child: Child
}

async function startNode(name: string): Promise<Node> {
  const port = await freePort()
  const child = new Child([PROGRAM, 'start'], {
    PULSEPRINT_NODE: name,
    PULSEPRINT_HOST: '0.0.0.0',
    PULSEPRINT_PORT: String(port),
    PULSEPRINT_KEYS: secrets.keys,
    PULSEPRINT_NATS: nats.addresses.map((at) => `tls://pulseprint:${secrets.natsPassword}@${at}`).join(','),
    PULSEPRINT_NATS_MONITOR: nats.monitorUrls.join(','),
    PULSEPRINT_REDIS: `rediss://pulseprint:${secrets.redisPassword}@127.0.0.1:${redis.port}`,
    NODE_EXTRA_CA_CERTS: secrets.authority,
  })
  onTestFinished(() => child.end('SIGTERM'))
  const url = `http://127.0.0.1:${port}`
  await until(
    async () => {
      if (!child.running) throw new Error(child.output)
      return (await fetch(`${url}/readyz`).catch(() => undefined))?.ok
    },
    () => child.output,
    PATIENCE_MS,
  )
  return { url, child }
}

test(
  'two nodes share the work, and nothing that they ask of NATS and Redis is refused',
  async () => {
    const [first, second] = [await startNode('one'), await startNode('two')]
    const headers = { Authorization: `Bearer ${secrets.key}`, 'Content-Type': 'application/json' }
    const actions = Array.from({ length: 100 }, (_, index) => ({ userId: `u-${index}`, action: 'purchase' }))
    const written = await fetch(`${first.url}/v1/actions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(actions),
    })
    expect(written.status).toBe(200)
    const read = await fetch(`${second.url}/v1/profiles/query`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ userIds: actions.map(({ userId }) => userId) }),
    })
    const { profiles } = (await read.json()) as { profiles: { features: { purchases: number } }[] }
    expect(profiles.map(({ features }) => features.purchases)).toEqual(actions.map(() => 1))

    const rewards = await fetch(`${second.url}/v1/streams/rewards?after=0`, { headers })
    const reader = rewards.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (text.split('"rule":"first_purchase"').length <= actions.length) text += (await reader.read()).value
    await reader.cancel()

    await first.child.end('SIGTERM')
    const shards = async () => {
      const answer = await fetch(`${second.url}/v1/shards`, { headers })
      return ((await answer.json()) as { shards: { owner: string }[] }).shards
    }
    expect(new Set((await shards()).map(({ owner }) => owner))).toEqual(new Set(['two']))
    await second.child.end('SIGTERM')
    const said = first.child.output + second.child.output
    expect(said).not.toMatch(/permission|NOPERM|violation|refused/i)
  },
  2 * PATIENCE_MS,
)

test(
  'a node that does not know the authority is not let in, and says why',
  async () => {
    const child = new Child([PROGRAM, 'start'], {
      PULSEPRINT_PORT: '0',
      PULSEPRINT_NATS: `tls://pulseprint:${secrets.natsPassword}@${nats.addresses[0]}`,
      PULSEPRINT_REDIS: `rediss://pulseprint:${secrets.redisPassword}@127.0.0.1:${redis.port}`,
    })
    onTestFinished(() => child.end('SIGKILL'))
    expect(await child.ended()).toBe(1)
    expect(child.output).toMatch(/STORAGE_UNAVAILABLE: .*NATS .*certificate/)
    expect(child.output).not.toContain(secrets.natsPassword)
  },
  PATIENCE_MS,
)
