// Where an import keeps its place: the same file is found from any folder, and an engine that has
// its rows already is noticed where no place is known.
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { Child } from '../support/child.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { PROGRAM } from '../support/program.ts'
import { until } from '../support/until.ts'

const DEFINITION = 'version: 1\nfeatures: { visits: { aggregate: count, action: visit } }\n'
/** More than the engine remembers ids of one user, so that ids alone do not save the count. */
const ROWS = 2_500

const lineOf = (user: string) =>
  JSON.stringify({ userId: user, action: 'visit', occurredAt: '2026-01-05T09:30:00Z' })
const FILE = `${Array.from({ length: ROWS }, () => lineOf('w')).join('\n')}\n`

/** A person at a machine, with a home of their own and two working folders with the same file. */
interface Person {
  home: string
  here: string
  there: string
}

function person(): Person {
  const home = temporaryFolder()
  const [here, there] = [join(home, 'here'), join(home, 'there')]
  for (const folder of [here, there]) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'visits.ndjson'), FILE)
  }
  return { home, here, there }
}

async function startEngine(): Promise<EngineProcess> {
  const definition = join(temporaryFolder(), 'definition.yaml')
  writeFileSync(definition, DEFINITION)
  return EngineProcess.startForTest(definition)
}

function startImport({ home }: Person, folder: string, url: string, ...more: string[]): Child {
  const args = [PROGRAM, 'import', 'visits.ndjson', '--url', url, ...more]
  const child = new Child(args, { XDG_STATE_HOME: join(home, 'state') }, folder)
  onTestFinished(() => child.end('SIGKILL'))
  onTestFailed(() => console.error(child.output))
  return child
}

async function importIn(who: Person, folder: string, url: string, ...more: string[]) {
  const child = startImport(who, folder, url, ...more)
  return { code: await child.ended(), output: child.output }
}

async function visitsOf(engine: EngineProcess, user = 'w'): Promise<number> {
  const { profiles } = await engine.json<{ profiles: { features?: { visits: number } }[] }>(
    '/v1/profiles/query',
    { userIds: [user] },
  )
  return profiles[0]?.features?.visits ?? 0
}

const placeOf = ({ home }: Person) => join(home, 'state', 'pulseprint', 'imports')

describe('a file that is imported again', () => {
  test('from another folder sends nothing', async () => {
    const engine = await startEngine()
    const who = person()
    expect(await importIn(who, who.here, engine.url)).toMatchObject({ code: 0 })
    const again = await importIn(who, who.there, engine.url)
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('was imported before') })
    expect(await visitsOf(engine)).toBe(ROWS)
    expect(readdirSync(who.there)).toEqual(['visits.ndjson'])
  })

  test('from another folder, after rows were added, continues when told to', async () => {
    const engine = await startEngine()
    const who = person()
    const short = `${lineOf('w')}\n`
    for (const folder of [who.here, who.there]) writeFileSync(join(folder, 'visits.ndjson'), short)
    expect(await importIn(who, who.here, engine.url)).toMatchObject({ code: 0 })
    appendFileSync(join(who.there, 'visits.ndjson'), short)
    const grown = await importIn(who, who.there, engine.url)
    expect(grown).toMatchObject({ code: 1, output: expect.stringContaining('The input had') })
    expect(await importIn(who, who.there, engine.url, '--resume-anyway')).toMatchObject({ code: 0 })
    expect(await visitsOf(engine)).toBe(2)
  })

  test('by another person is refused before anything is sent', async () => {
    const engine = await startEngine()
    const [one, other] = [person(), person()]
    expect(await importIn(one, one.here, engine.url)).toMatchObject({ code: 0 })
    for (const more of [[], ['--restart']]) {
      const refused = await importIn(other, other.here, engine.url, ...more)
      expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('has rows of this import') })
      expect(refused.output).not.toContain('    at ')
    }
    expect(await visitsOf(engine)).toBe(ROWS)
    const place = ['--state', placeOf(one)]
    expect(await importIn(other, other.here, engine.url, ...place)).toMatchObject({ code: 0 })
    expect(await visitsOf(engine)).toBe(ROWS)
  })

  test('with --restart by mistake is refused, and its place stays', async () => {
    const engine = await startEngine()
    const who = person()
    expect(await importIn(who, who.here, engine.url)).toMatchObject({ code: 0 })
    expect(await importIn(who, who.there, engine.url, '--restart')).toMatchObject({ code: 1 })
    const again = await importIn(who, who.there, engine.url)
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('was imported before') })
    expect(await visitsOf(engine)).toBe(ROWS)
  })

  test('under the name of an import that began with another row is refused', async () => {
    const engine = await startEngine()
    const who = person()
    const named = ['--name', 'visits']
    expect(await importIn(who, who.here, engine.url, ...named)).toMatchObject({ code: 0 })
    writeFileSync(join(who.there, 'visits.ndjson'), FILE.replaceAll('"w"', '"x"'))
    const refused = await importIn(who, who.there, engine.url, ...named)
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('begins with another row') })
    expect(await visitsOf(engine, 'x')).toBe(0)
  })
})

test('an import that was begun below its working folder goes on, from there and then from anywhere', async () => {
  const engine = await startEngine()
  const who = person()
  const former = join(who.here, '.pulseprint', 'imports')
  const begun = startImport(who, who.here, engine.url, '--state', former)
  const checkpoints = () =>
    existsSync(former) ? readdirSync(former).filter((name) => name.endsWith('.json')) : []
  await until(
    () => checkpoints().length > 0 || !begun.running,
    () => begun.output,
  )
  await begun.end('SIGKILL')
  // Also what it had not finished writing goes.
  writeFileSync(join(former, `${checkpoints()[0]}.tmp`), '{')
  expect(await importIn(who, who.here, engine.url)).toMatchObject({ code: 0 })
  expect(await visitsOf(engine)).toBe(ROWS)
  expect(readdirSync(former).filter((name) => !name.endsWith('.lock'))).toEqual([])
  const again = await importIn(who, who.there, engine.url)
  expect(again).toMatchObject({ code: 0, output: expect.stringContaining('was imported before') })
  expect(await visitsOf(engine)).toBe(ROWS)
})
