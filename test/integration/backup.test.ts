// A data folder is copied while actions come in: each copy starts, holds everything that was
// acknowledged before it was begun, and every profile and decision is that of its log.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Listener } from '../support/listener.ts'
import { PROGRAM } from '../support/program.ts'
import { type Decision, type Purchase, Purchases } from '../support/purchases.ts'
import { until } from '../support/until.ts'

const USERS = 200
const ACTIONS_PER_SECOND = 4_000
const COPIES = 2
const DEFINITION = `version: 1
features: { n: { aggregate: count, action: purchase } }
rules:
  lucky: { on: purchase, when: properties.lucky, emit: { stream: rewards, payload: { n: features.n } } }
`

async function command(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = new Child([PROGRAM, ...args], {})
  onTestFinished(() => child.end('SIGKILL'))
  return { code: await child.ended(), output: child.output.trim() }
}

test('copies of a folder under load start and are whole', async () => {
  const definition = definitionFile(DEFINITION)
  const folder = temporaryFolder()
  const engine = await EngineProcess.startForTest(definition)
  const purchases = new Purchases(engine, USERS)
  let going = true
  const posting = purchases.post(ACTIONS_PER_SECOND, () => going)
  onTestFinished(async () => {
    going = false
    await posting
  })
  /** Actions that were acknowledged before each copy was begun. */
  const before: number[] = []
  for (let copy = 0; copy < COPIES; copy++) {
    const wanted = purchases.acknowledged.length + 4_000
    await until(
      () => purchases.acknowledged.length >= wanted,
      () => 'too few actions are acknowledged',
    )
    before.push(purchases.acknowledged.length)
    const { code, output } = await command('backup', join(folder, `copy-${copy}`), '--data', engine.dataPath)
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^Copied .* log records of 16 shards, .* MiB\.$/),
    ])
  }
  going = false
  await posting
  await engine.stop()

  for (const [copy, acknowledged] of before.entries()) {
    rmSync(engine.dataPath, { recursive: true })
    const restored = await command('restore', join(folder, `copy-${copy}`), '--data', engine.dataPath)
    expect([restored.code, restored.output]).toEqual([0, expect.stringMatching(/^Restored .* as of /)])
    engine.restart()
    await engine.ready()
    const counted = await countsOf(engine)
    const total = [...counted.values()].reduce((sum, n) => sum + n, 0)
    const held = await entriesOf<Purchase>(engine, 'actions', total)
    const ids = new Set(held.map(({ id }) => id))
    expect(ids.size).toBe(total)
    expect(purchases.acknowledged.slice(0, acknowledged).filter(({ id }) => !ids.has(id))).toEqual([])
    const expected = Map.groupBy(held, ({ userId }) => userId)
    for (const [user, n] of counted) expect([user, n]).toEqual([user, expected.get(user)!.length])
    const lucky = held.filter(({ properties }) => properties.lucky).map(({ id }) => id)
    const decisions = await entriesOf<Decision>(engine, 'rewards', lucky.length)
    expect(decisions.map(({ actionId }) => actionId).toSorted()).toEqual(lucky.toSorted())
    await engine.stop()
  }
})

/** Everything on a stream. */
async function entriesOf<Entry>(engine: EngineProcess, stream: string, count: number): Promise<Entry[]> {
  const listener = await Listener.open<Entry>(engine.url, `/v1/streams/${stream}?after=0`)
  await listener.has(count)
  listener.close()
  return listener.entries
}

async function countsOf(engine: EngineProcess): Promise<Map<string, number>> {
  const userIds = Array.from({ length: USERS }, (_, index) => `u-${index}`)
  const { profiles } = await engine.json<{ profiles: { userId: string; features: { n: number } }[] }>(
    '/v1/profiles/query',
    { userIds },
  )
  return new Map(profiles.map(({ userId, features }) => [userId, features.n]))
}

test('what cannot be copied or put back is said in one line, and nothing is left behind', async () => {
  const engine = await EngineProcess.startForTest(definitionFile(DEFINITION))
  const folder = temporaryFolder()
  const copy = join(folder, 'copy')
  expect((await command('backup', copy, '--data', engine.dataPath)).code).toBe(0)
  const full = join(folder, 'full')
  mkdirSync(full)
  writeFileSync(join(full, 'file'), '')
  rmSync(join(copy, 'lock'), { force: true })
  const cases: [args: string[], message: RegExp][] = [
    [['backup', copy, '--data', engine.dataPath], /exists already: name a new folder/],
    [['backup', full, '--data', engine.dataPath], /exists already: name a new folder/],
    [['backup', join(folder, 'new'), '--data', full], /is no data folder of an engine/],
    [['restore', full, '--data', join(folder, 'new')], /is no whole backup: it has no backup\.json/],
    [['restore', copy, '--data', engine.dataPath], /^DATA_FOLDER_IN_USE/],
  ]
  for (const [args, message] of cases) {
    expect(await command(...args)).toEqual({ code: 1, output: expect.stringMatching(message) })
  }
  await engine.stop()
  expect(await command('restore', copy, '--data', engine.dataPath)).toEqual({
    code: 1,
    output: expect.stringMatching(/holds data already \(snapshots, streams, log\): move it away first/),
  })
  expect(existsSync(join(folder, 'new'))).toBe(false)
})
