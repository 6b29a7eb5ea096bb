// The order of an import: rows out of time order are said, `--sort` gives what a file in order
// gives, and pauses beyond historyWait are said.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFailed, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { PROGRAM } from '../support/program.ts'
import { seededRandom, testSeed } from '../support/random.ts'
import { until } from '../support/until.ts'

const SEED = testSeed('test/integration/import-order.test.ts')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BEGIN = Date.UTC(2020, 0, 1)
const SPAN_MS = 5 * 365 * DAY_MS

const DEFINITION = `version: 1
historyWait: 1h
features:
  visits: { aggregate: count, action: visit }
lifecycle:
  initial: new
  transitions:
    - { from: [new, away], to: here, on: visit }
    - { from: here, to: away, after: 30d }
`
const MAPPING = `time: { column: at, format: epoch-ms }
fields: { userId: { column: user }, action: { value: visit } }
`

interface Row {
  user: string
  at: number
}

/** Rows of users who come and go, in the order of time. */
function rowsInOrder(count: number, users: number): Row[] {
  const random = seededRandom(SEED)
  let at = BEGIN
  return Array.from({ length: count }, () => {
    at += random.below(Math.floor((2 * SPAN_MS) / count))
    return { user: `u${random.below(users)}`, at }
  })
}

function shuffled(rows: readonly Row[]): Row[] {
  const random = seededRandom(SEED + 1)
  return rows
    .map((row) => ({ row, by: random.below(1_000_000) }))
    .sort((a, b) => a.by - b.by)
    .map(({ row }) => row)
}

/** How many rows are older than one of the same user before, and of how many users. */
function outOfOrder(rows: readonly Row[]) {
  const newest = new Map<string, number>()
  const users = new Set<string>()
  let count = 0
  for (const { user, at } of rows) {
    const before = newest.get(user) ?? at
    if (at < before) {
      count++
      users.add(user)
    }
    newest.set(user, Math.max(before, at))
  }
  return { rows: count, users: users.size }
}

interface Place {
  engine: EngineProcess
  folder: string
}

async function startEngine(definition = DEFINITION): Promise<Place> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'definition.yaml'), definition)
  writeFileSync(join(folder, 'mapping.yaml'), MAPPING)
  return { folder, engine: await EngineProcess.startForTest(join(folder, 'definition.yaml')) }
}

function startImport({ engine, folder }: Place, rows: readonly Row[], ...more: string[]): Child {
  const file = join(folder, 'visits.csv')
  writeFileSync(file, `user,at\n${rows.map(({ user, at }) => `${user},${at}\n`).join('')}`)
  const paths = ['--map', join(folder, 'mapping.yaml'), '--state', join(folder, 'state')]
  const args = [PROGRAM, 'import', file, ...paths, '--url', engine.url, ...more]
  const child = new Child(args, {})
  onTestFinished(() => child.end('SIGKILL'))
  onTestFailed(() => console.error(child.output))
  return child
}

async function imported(place: Place, rows: readonly Row[], ...more: string[]): Promise<string> {
  const child = startImport(place, rows, ...more)
  expect(await child.ended(), child.output).toBe(0)
  return child.output
}

/** What became of each user: visits, stage and the stages before. */
async function lives({ engine }: Place, rows: readonly Row[]): Promise<unknown> {
  const userIds = [...new Set(rows.map(({ user }) => user))].sort()
  const at = new Date(rows.at(-1)!.at).toISOString()
  const { profiles } = await engine.json<{ profiles: { userId: string; features: object; stage: object }[] }>(
    '/v1/profiles/query',
    { userIds, at },
  )
  return profiles.map(({ userId, features, stage }) => ({ userId, features, stage }))
}

test('rows out of time order are said with figures; sorted, they give what a file in order gives', async () => {
  const rows = rowsInOrder(2_000, 40)
  const mixed = shuffled(rows)
  const [ordered, unsorted, sorted] = [await startEngine(), await startEngine(), await startEngine()]
  expect(await imported(ordered, rows)).not.toContain('Warning')
  const said = await imported(unsorted, mixed)
  const expected = outOfOrder(mixed)
  expect(said).toContain(
    `out of time order: ${expected.rows.toLocaleString('en-US')} rows of ${expected.users} users`,
  )
  expect(said).toMatch(/Row [\d,]+ is [\d,]+ days older than a row of the same user before it/)
  expect(await imported(sorted, mixed, '--sort')).not.toContain('Warning')
  const life = await lives(ordered, rows)
  expect(await lives(unsorted, rows)).not.toEqual(life)
  expect(await lives(sorted, rows)).toEqual(life)
  // The ids name the places of the rows in the file.
  const { user } = rows.at(-1)!
  const { actions } = await sorted.engine.json<{ actions: { id: string; occurredAt: string }[] }>(
    `/v1/profiles/${user}/actions?limit=20`,
  )
  const inFile = actions.map(({ id }) => mixed[Number(id.split(':').at(-1)) - 1]!)
  expect(actions.map(({ occurredAt }) => ({ user, at: Date.parse(occurredAt) }))).toEqual(inFile)
})

test('a sorted import that is killed goes on in the same order, and refuses another one', async () => {
  const rows = rowsInOrder(40_000, 400)
  const mixed = shuffled(rows)
  const [place, whole] = [await startEngine(), await startEngine()]
  const first = startImport(place, mixed, '--sort')
  await until(
    async () => (await accepted(place)) > 5_000 || !first.running,
    () => first.output,
  )
  expect(first.running, first.output).toBe(true)
  await first.end('SIGKILL')
  const refused = startImport(place, mixed, '--resume-anyway')
  expect(await refused.ended()).toBe(1)
  expect(refused.output).toContain('in the order of time (--sort)')
  const changed = startImport(place, mixed.slice(1), '--sort', '--resume-anyway', '--name', nameIn(place))
  expect(await changed.ended()).toBe(1)
  expect(changed.output).toContain('are not those of the earlier run')
  expect(await imported(place, mixed, '--sort')).toContain('Done.')
  await imported(whole, rows)
  expect(await lives(place, rows)).toEqual(await lives(whole, rows))
  expect(readdirSync(join(place.folder, 'state')).filter((name) => name.endsWith('.sort'))).toEqual([])
})

test('a pause longer than historyWait is said, and one within it is not', async () => {
  const rows = rowsInOrder(2, 1)
  for (const [historyWait, says] of [
    ['1h', true],
    ['3h', false],
  ] as const) {
    const place = await startEngine(DEFINITION.replace('1h', historyWait))
    await imported(place, rows.slice(0, 1), '--name', 'visits')
    const checkpoint = join(place.folder, 'state', 'visits.json')
    const savedAt = new Date(Date.now() - 2 * HOUR_MS).toISOString()
    writeFileSync(checkpoint, JSON.stringify({ ...JSON.parse(readFileSync(checkpoint, 'utf8')), savedAt }))
    const output = await imported(place, rows, '--name', 'visits', '--resume-anyway')
    expect(output.includes('the import paused for 2 h')).toBe(says)
  }
})

test('rows that wait longer than historyWait while the engine is away are said with figures', async () => {
  const rows = rowsInOrder(60_000, 1)
  const place = await startEngine(DEFINITION.replace('1h', '1s'))
  const run = startImport(place, rows)
  await until(
    async () => (await accepted(place)) > 5_000 || !run.running,
    () => run.output,
  )
  expect(run.running, run.output).toBe(true)
  await place.engine.kill()
  const killedAt = performance.now()
  await until(
    () => run.output.includes('Trying again') && performance.now() - killedAt > 1_000,
    () => run.output,
  )
  place.engine.restart()
  expect(await run.ended(), run.output).toBe(0)
  expect(run.output).toMatch(
    /Warning: late: \d+ rows? of 1 user, sent up to [\d,]+ (s|ms) after the user's row before/,
  )
})

function nameIn({ folder }: Place): string {
  const file = readdirSync(join(folder, 'state')).find((name) => name.endsWith('.json'))!
  return file.slice(0, -'.json'.length)
}

async function accepted({ engine }: Place): Promise<number> {
  const metrics = await (await fetch(`${engine.url}/metrics`)).text()
  return Number(/^pulseprint_actions_total\{status="accepted"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
}
