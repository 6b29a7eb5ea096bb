import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/folders.ts'
import { LimitedEngine } from '../support/limited-engine.ts'

const FILE_BYTES_MAX = 3 * 1024 * 1024
const USERS = 40

interface Problem {
  code: string
  detail: string
}

/** Sends 200 actions over all users; each carries enough to fill the disk soon. */
async function post(url: string, request: number): Promise<Response> {
  const actions = Array.from({ length: 200 }, (_, index) => ({
    id: `r${request}-${index}`,
    userId: `u${index % USERS}`,
    action: 'purchase',
    properties: { price: 1, pad: 'x'.repeat(400) },
  }))
  return fetch(`${url}/v1/actions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(actions),
  })
}

async function purchases(url: string, user: string): Promise<number> {
  const response = await fetch(`${url}/v1/profiles/${user}`)
  expect(response.status).toBe(200)
  return ((await response.json()) as { features: { purchases: number } }).features.purchases
}

test('a full disk: refused clearly, nothing acknowledged is lost, and writing goes on once there is room', async () => {
  const env = { PULSEPRINT_DATA: temporaryFolder(), PULSEPRINT_HOT_USERS: '1000' }
  const engine = await (await LimitedEngine.spawn(env, FILE_BYTES_MAX)).ready()
  const acknowledged = new Set<number>()
  let refused: Response | undefined
  for (let request = 0; !refused; request++) {
    const response = await post(engine.url, request)
    if (response.status === 200) acknowledged.add(request)
    else refused = response
    if (request > 200) throw new Error('the disk never became full')
  }
  const full = acknowledged.size
  expect(full).toBeGreaterThan(0)
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  const { code, detail } = (await refused.json()) as Problem
  expect(code).toBe('STORAGE_UNAVAILABLE')
  expect(detail).toMatch(/^the log could not be written: [A-Z]/)
  expect((await post(engine.url, full)).status).toBe(503)
  // Each request holds five actions of each user.
  expect(await purchases(engine.url, 'u0')).toBe(full * 5)

  engine.liftLimit()
  expect((await post(engine.url, full)).status).toBe(200)
  acknowledged.add(full)
  expect(engine.running).toBe(true)
  expect((await engine.stop()).code).toBe(0)

  const again = await (await LimitedEngine.spawn(env)).ready()
  for (let user = 0; user < USERS; user++) {
    expect(await purchases(again.url, `u${user}`)).toBe(acknowledged.size * 5)
  }
})

/** What `start` says on standard error when it cannot; one line, and exit code 1. */
async function failure(env: Record<string, string>, fileBytesMax?: number): Promise<string> {
  const { code, output } = await (await LimitedEngine.spawn(env, fileBytesMax)).ended()
  expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/^[^\n]+\n$/) })
  return output
}

test('a file in place of the data folder', async () => {
  const file = join(temporaryFolder(), 'data')
  writeFileSync(file, '')
  expect(await failure({ PULSEPRINT_DATA: file })).toContain(
    `STORAGE_UNAVAILABLE: the data folder ${file} cannot be used: EEXIST`,
  )
})

test('a place where no folder can be made', async () => {
  expect(await failure({ PULSEPRINT_DATA: '/dev/null/data' })).toContain(
    'STORAGE_UNAVAILABLE: the data folder /dev/null/data cannot be used: ENOTDIR',
  )
})

test('a data folder whose files cannot be opened', async () => {
  const folder = temporaryFolder()
  // A folder where LMDB keeps its file: nobody may write that, whatever rights they have.
  mkdirSync(join(folder, 'log', 'data.mdb'), { recursive: true })
  expect(await failure({ PULSEPRINT_DATA: folder })).toContain(
    `STORAGE_UNAVAILABLE: the data folder ${folder} cannot be used:`,
  )
})

test('a disk too full to start on', async () => {
  const folder = temporaryFolder()
  expect(await failure({ PULSEPRINT_DATA: folder }, 12 * 1024)).toContain('STORAGE_UNAVAILABLE: ')
})

test('a disk that becomes full while the shards are claimed, by several threads', async () => {
  const env = { PULSEPRINT_DATA: temporaryFolder(), PULSEPRINT_THREADS: '3' }
  const { code, output } = await (await LimitedEngine.spawn(env, 40 * 1024)).ended()
  // LMDB says a word of its own before.
  expect([code, output]).toEqual([1, expect.stringMatching(/\nSTORAGE_UNAVAILABLE: [^\n]+\n$/)])
})

test('a data folder made with another number of shards', async () => {
  const env = { PULSEPRINT_DATA: temporaryFolder(), PULSEPRINT_SHARDS: '4' }
  await (await (await LimitedEngine.spawn(env)).ready()).stop()
  expect(await failure({ ...env, PULSEPRINT_SHARDS: '8' })).toContain('shards is 4, wanted 8')
})

test('a data folder that another process runs on', async () => {
  const env = { PULSEPRINT_DATA: temporaryFolder() }
  await (await LimitedEngine.spawn(env)).ready()
  expect(await failure(env)).toContain('DATA_FOLDER_IN_USE: another process runs on the data folder')
})
