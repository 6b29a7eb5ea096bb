// Stored data that is not what was written: cut short, or with flipped bits. Each is said in words,
// only the shard concerned refuses, and what the log still holds is made anew.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { shardOf } from '../../src/model/hash.ts'
import { Child } from '../support/child.ts'
import { EngineProcess } from '../support/engine.ts'
import { PROGRAM } from '../support/program.ts'
import { freePort } from '../support/servers.ts'
import { until } from '../support/until.ts'

const SHARDS = 16
const USERS = 200
/** A text of the user that is easily found: a stored profile keeps six bytes of a text together. */
const markOf = (user: number) => `qz#${String(user).padStart(3, '0')}`
const DEFINITION = `version: 1
features:
  n: { aggregate: count }
  said: { aggregate: last, of: properties.text }
`

function send(engine: EngineProcess, times: number): Promise<unknown> {
  const actions = Array.from({ length: times * USERS }, (_, index) => ({
    userId: `user-${index % USERS}`,
    action: 'say',
    properties: { text: markOf(index % USERS), padding: 'x'.repeat(100) },
  }))
  return engine.json('/v1/actions', actions)
}

const countOf = async (engine: EngineProcess, user: string) =>
  (await engine.json<{ features: { n: number } }>(`/v1/profiles/${user}`)).features.n

/** Flips a bit in the midst of each place where the text stands. Gives how many there were. */
function flip(file: string, text: string): number {
  const bytes = readFileSync(file)
  let count = 0
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes[at + 2]! ^= 1
    count++
  }
  writeFileSync(file, bytes)
  return count
}

let definition: string
/** A data folder that is not damaged. */
let whole: string

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pulseprint-test-'))
  definition = join(folder, 'definition.yaml')
  writeFileSync(definition, DEFINITION)
  whole = join(folder, 'whole')
  const engine = await EngineProcess.start(definition)
  for (let batch = 0; batch < 5; batch++) await send(engine, 10)
  await engine.stop()
  cpSync(engine.dataPath, whole, { recursive: true })
  await engine.remove()
  return () => rmSync(folder, { recursive: true })
})

/** An engine that does not run, on a copy of the data. */
async function stoppedEngine(): Promise<EngineProcess> {
  const engine = await EngineProcess.startForTest(definition)
  await engine.kill()
  layOut(engine)
  return engine
}

function layOut(engine: EngineProcess): void {
  rmSync(engine.dataPath, { recursive: true })
  cpSync(whole, engine.dataPath, { recursive: true })
}

test('a file that was cut short ends the start with one line that names it', async () => {
  const engine = await stoppedEngine()
  let tried = 0
  for (const store of ['log', 'snapshots', 'streams']) {
    layOut(engine)
    const file = join(engine.dataPath, store, 'data.mdb')
    truncateSync(file, 16_384)
    if (statSync(join(whole, store, 'data.mdb')).size < 2 * 1024 * 1024) continue
    tried++
    const child = new Child([PROGRAM, 'start'], {
      PULSEPRINT_DEFINITION: definition,
      PULSEPRINT_PORT: String(await freePort()),
      PULSEPRINT_DATA: engine.dataPath,
    })
    const code = await child.ended()
    expect([store, code, child.output]).toEqual([
      store,
      1,
      expect.stringMatching(
        /^DATA_DAMAGED: \S+data\.mdb has 16384 bytes of \d+: it was cut short\.[^\n]+\n$/,
      ),
    ])
  }
  expect(tried).toBeGreaterThan(0)
})

test('a damaged record stops its shard only, and says so', async () => {
  const engine = await stoppedEngine()
  const user = 'user-7'
  const shard = shardOf(user, SHARDS)
  expect(flip(join(engine.dataPath, 'log', 'data.mdb'), markOf(7))).toBeGreaterThan(0)
  // The log has to be read.
  await engine.restartWithoutSnapshots()
  await until(
    async () =>
      fetch(`${engine.url}/readyz`).then(
        async (response) => (await response.text()).includes('stopped'),
        () => false,
      ),
    () => engine.output,
  )
  const ready = await fetch(`${engine.url}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([
    503,
    expect.stringContaining(`shard ${shard} has stopped: a record of the log is damaged`),
  ])
  const refused = await fetch(`${engine.url}/v1/profiles/${user}`)
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('damaged')])
  for (let number = 0; number < USERS; number++) {
    const other = `user-${number}`
    const write = await fetch(`${engine.url}/v1/actions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: other, action: 'say' }),
    })
    await write.body?.cancel()
    const isOfShard = shardOf(other, SHARDS) === shard
    expect([other, write.status]).toEqual([other, isOfShard ? 503 : 200])
    if (!isOfShard) expect([other, await countOf(engine, other)]).toEqual([other, 51])
  }
})

test('damaged profiles are computed anew from the log, for writes at once and for reads in a moment', async () => {
  const engine = await stoppedEngine()
  const file = join(engine.dataPath, 'snapshots', 'data.mdb')
  for (let number = 0; number < 20; number++) {
    expect(flip(file, markOf(number))).toBeGreaterThan(0)
  }
  engine.restart()
  await engine.ready()
  // Applying needs the profile.
  await engine.json('/v1/actions', { userId: 'user-3', action: 'say' })
  expect(await countOf(engine, 'user-3')).toBe(51)
  for (let number = 0; number < USERS; number++) {
    const user = `user-${number}`
    const seen = new Set<number>()
    await until(
      async () => {
        const response = await fetch(`${engine.url}/v1/profiles/${user}`)
        const text = await response.text()
        seen.add(response.status)
        if (response.status === 503) expect(text).toContain('DATA_DAMAGED')
        return response.ok && JSON.parse(text).features.n === (number === 3 ? 51 : 50)
      },
      () => `${user} is not mended: ${[...seen]}\n${engine.output}`,
    )
    expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([])
  }
  expect(engine.output).toContain('a stored profile is damaged: it is computed anew from the log')
  await engine.stop()
  engine.restart()
  await engine.ready()
  for (let number = 0; number < USERS; number++) {
    expect(await countOf(engine, `user-${number}`)).toBe(number === 3 ? 51 : 50)
  }
})
