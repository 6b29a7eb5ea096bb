// `pulseprint rebuild` against a real engine on two threads, with one profile damaged while it was
// stopped.
import { expect, onTestFinished, test } from 'vitest'
import { compileDefinition } from '../../src/definition/compile.ts'
import { shardOf } from '../../src/model/hash.ts'
import type { ProfileView } from '../../src/views/views.ts'
import { Child } from '../support/child.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { PROGRAM } from '../support/program.ts'
import { damage, loggedProfiles, storedProfiles } from '../support/rebuild.ts'

const SHARDS = 16
const USERS = Array.from({ length: 300 }, (_, index) => `u-${index}`)
const VICTIM = 'u-17'
const FIRST_AT = Date.parse('2026-03-01T00:00:00Z')

const DEFINITION = `
version: 1
actions:
  purchase: { properties: { price: number } }
features:
  purchases: { aggregate: count, action: purchase }
  spend: { aggregate: sum, action: purchase, of: properties.price }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: customer, on: purchase, when: "features.purchases >= 3" }
`

interface Ended {
  code: number | null
  output: string
}

async function rebuild(engine: EngineProcess, ...args: string[]): Promise<Ended> {
  const child = new Child([PROGRAM, 'rebuild', `--url=${engine.url}`, ...args], {})
  onTestFinished(() => child.end('SIGKILL'))
  const code = await child.ended()
  return { code, output: child.output }
}

/** User n purchases n + 1 times. */
async function sendActions(engine: EngineProcess): Promise<void> {
  for (let first = 0; first < USERS.length; first += 50) {
    const actions = USERS.slice(first, first + 50).flatMap((userId, index) =>
      Array.from({ length: first + index + 1 }, (_, n) => ({
        id: `${userId}-${n}`,
        userId,
        action: 'purchase',
        occurredAt: FIRST_AT + n * 60_000,
        properties: { price: 2.5 },
      })),
    )
    for (let at = 0; at < actions.length; at += 5_000) {
      await engine.json('/v1/actions', actions.slice(at, at + 5_000))
    }
  }
}

test('a damaged profile is found, shown and repaired while the engine serves; a second run finds nothing', async () => {
  const engine = await EngineProcess.startForTest(definitionFile(DEFINITION), { PULSEPRINT_THREADS: '2' })
  await sendActions(engine)
  await engine.stop()
  const stored = await storedProfiles(engine.dataPath, SHARDS)
  await damage(engine.dataPath, SHARDS, [{ user: VICTIM, bytes: stored.get('u-1')! }])
  engine.restart()
  await engine.ready()
  const victim = () => engine.json<ProfileView>(`/v1/profiles/${VICTIM}`)
  expect(await victim()).toMatchObject({ features: { purchases: 2, spend: 5 }, stage: { name: 'new' } })

  let reads = 0
  let reading = true
  const reader = (async () => {
    while (reading)
      for (const user of USERS) {
        await engine.json(`/v1/profiles/${user}`)
        reads++
      }
  })()
  const first = await rebuild(engine, '--all')
  reading = false
  await reader
  expect(reads).toBeGreaterThan(0)
  expect(first.code).toBe(0)
  expect(first.output).toContain(`shard ${shardOf(VICTIM, SHARDS)}, user ${VICTIM}: `)
  expect(first.output).toContain(
    'purchases: 2 instead of 18; spend: 5 instead of 45; stage: "new" instead of "customer"',
  )
  expect(first.output).toContain('299 of 300 profiles are what the log gives; 1 was not, now replaced.')
  expect(await victim()).toMatchObject({
    features: { purchases: 18, spend: 45 },
    stage: { name: 'customer' },
  })

  const second = await rebuild(engine, '--all')
  expect(second).toMatchObject({
    code: 0,
    output: expect.stringContaining('300 of 300 profiles are what the log gives.'),
  })
  expect(second.output.split('\n').filter((line) => line.includes(' done '))).toHaveLength(SHARDS)
  const one = await rebuild(engine, '--shard', String(shardOf(VICTIM, SHARDS)), '--json')
  expect(JSON.parse(one.output).rebuilds).toMatchObject([
    { shard: shardOf(VICTIM, SHARDS), state: 'done', differing: 0 },
  ])

  await engine.stop()
  const compiled = compileDefinition(DEFINITION)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  const logged = await loggedProfiles(engine.dataPath, compiled.definition, SHARDS)
  expect(await storedProfiles(engine.dataPath, SHARDS)).toEqual(logged)
})

test('the command says what it needs, and what the engine refuses', async () => {
  const engine = await EngineProcess.startForTest(definitionFile(DEFINITION))
  for (const args of [[], ['--all', '--shard', '1'], ['--shard', 'one']]) {
    const { code, output } = await rebuild(engine, ...args)
    expect([code, output]).toEqual([2, expect.stringContaining('--shard')])
  }
  const { code, output } = await rebuild(engine, '--shard', '16')
  expect([code, output]).toEqual([1, 'UNKNOWN_SHARD: there are the shards 0 to 15\n'])
})
