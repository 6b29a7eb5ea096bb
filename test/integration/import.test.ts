// The importer against a real engine process: both killed at random moments, and every row counted
// once all the same.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import type { Checkpoint } from '../../src/cli/import/place/checkpoint.ts'
import { total } from '../../src/cli/import/tally.ts'
import { Child } from '../support/child.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { PROGRAM } from '../support/program.ts'
import { seededRandom, testSeed } from '../support/random.ts'
import { until } from '../support/until.ts'

const SEED = testSeed('test/integration/import.test.ts')

const DEFINITION = `version: 1
actions:
  buy: { properties: { amount: { type: number, required: true } } }
features:
  bought: { aggregate: count, action: buy }
  amount: { aggregate: sum, action: buy, of: properties.amount }
`
const MAPPING = `time: { column: at, format: epoch-s }
skip:
  - { when: 'row.user == ""', reason: no user }
fields:
  userId: { column: user }
  action: { value: buy }
  properties.amount: { column: amount, type: number }
`

interface Files {
  folder: string
  definition: string
  mapping: string
  state: string
}

function makeFiles(): Files {
  const folder = temporaryFolder()
  const files = {
    folder,
    definition: join(folder, 'definition.yaml'),
    mapping: join(folder, 'mapping.yaml'),
    state: join(folder, 'state'),
  }
  writeFileSync(files.definition, DEFINITION)
  writeFileSync(files.mapping, MAPPING)
  return files
}

interface Expected {
  csv: string
  rows: number
  skipped: number
  /** By the code they are rejected with. */
  rejected: Record<string, number>
  bought: Map<string, { bought: number; amount: number }>
}

/**
 * Rows of a few users, one of them far busier than the engine remembers ids; some have mistakes.
 */
function makeRows(count: number): Expected {
  const random = seededRandom(SEED)
  const expected: Expected = {
    csv: 'user,at,amount\n',
    rows: count,
    skipped: 0,
    rejected: {},
    bought: new Map(),
  }
  const reject = (code: string) => {
    expected.rejected[code] = (expected.rejected[code] ?? 0) + 1
  }
  const lines: string[] = []
  for (let row = 0; row < count; row++) {
    const user = random.below(3) > 0 ? 'busy' : `u${random.below(40)}`
    const at = 1_300_000_000 + row
    const amount = random.below(100)
    switch (random.below(400)) {
      case 0:
        lines.push(`,${at},${amount}`)
        expected.skipped++
        break
      case 1:
        lines.push(`${user},${at},much`)
        reject('BAD_VALUE')
        break
      case 2:
        lines.push(`${user},${at},`)
        reject('INVALID_ACTION')
        break
      default: {
        lines.push(`${user},${at},${amount}`)
        const sums = expected.bought.get(user) ?? { bought: 0, amount: 0 }
        expected.bought.set(user, { bought: sums.bought + 1, amount: sums.amount + amount })
      }
    }
  }
  expected.csv += `${lines.join('\n')}\n`
  return expected
}

function startImport(files: Files, url: string, input: string, ...more: string[]): Child {
  const args = [PROGRAM, 'import', input, '--map', files.mapping, '--state', files.state]
  const child = new Child([...args, '--url', url, ...more], {})
  onTestFinished(() => child.end('SIGKILL'))
  onTestFailed(() => console.error(child.output))
  return child
}

function checkpointOf({ state }: Files): Checkpoint | undefined {
  try {
    const file = readdirSync(state).find((name) => name.endsWith('.json'))
    return file === undefined ? undefined : JSON.parse(readFileSync(join(state, file), 'utf8'))
  } catch {
    return undefined
  }
}

async function busyOf(engine: EngineProcess): Promise<number> {
  const { profiles } = await engine.json<{ profiles: { features?: { bought: number } }[] }>(
    '/v1/profiles/query',
    { userIds: ['busy'] },
  )
  return profiles[0]?.features?.bought ?? 0
}

async function expectCounted(engine: EngineProcess, files: Files, expected: Expected): Promise<void> {
  for (const [user, features] of expected.bought) {
    const profile = await engine.json<{ features: unknown }>(`/v1/profiles/${user}`)
    expect({ user, ...(profile.features as object) }).toEqual({ user, ...features })
  }
  const { tally, ...checkpoint } = checkpointOf(files)!
  const accepted = [...expected.bought.values()].reduce((sum, { bought }) => sum + bought, 0)
  expect(checkpoint).toMatchObject({ mark: expected.rows, complete: true })
  expect(tally).toMatchObject({ accepted, duplicate: 0, rejected: expected.rejected })
  expect(tally.skipped).toEqual(expected.skipped > 0 ? { 'no user': expected.skipped } : {})
  const file = readdirSync(files.state).find((name) => name.endsWith('.rejected.ndjson'))!
  const written = readFileSync(join(files.state, file), 'utf8').trim().split('\n')
  const numbers = written.map((line) => JSON.parse(line).row as number)
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  expect(numbers).toHaveLength(total(expected.rejected))
}

describe('an import', () => {
  test('killed again and again goes on and counts every row once', { timeout: 600_000 }, async () => {
    const files = makeFiles()
    const expected = makeRows(30_000)
    const input = join(files.folder, 'rows.csv.gz')
    writeFileSync(input, gzipSync(expected.csv))
    const engine = await EngineProcess.startForTest(files.definition)
    const random = seededRandom(SEED + 1)
    for (const share of [0.05, 0.4, 0.75]) {
      const killAt = share * expected.bought.get('busy')!.bought + random.below(2_000)
      const run = startImport(files, engine.url, input)
      // By what the engine has, and so at no particular moment between two checkpoints.
      await until(
        async () => (await busyOf(engine)) > killAt || !run.running,
        () => 'the import did not get on',
      )
      expect(run.running, run.output).toBe(true)
      await run.end('SIGKILL')
    }
    const last = startImport(files, engine.url, input)
    expect(await last.ended(), last.output).toBe(0)
    expect(last.output).toContain('Done.')
    await expectCounted(engine, files, expected)
  })

  test('waits for an engine that is killed and comes back', { timeout: 600_000 }, async () => {
    const files = makeFiles()
    const expected = makeRows(30_000)
    const input = join(files.folder, 'rows.csv')
    writeFileSync(input, expected.csv)
    const engine = await EngineProcess.startForTest(files.definition)
    const run = startImport(files, engine.url, input)
    for (const share of [0.1, 0.5]) {
      await until(
        () => (checkpointOf(files)?.mark ?? 0) > share * expected.rows || !run.running,
        () => 'the import did not get on',
      )
      await engine.kill()
      await until(
        () => run.output.includes('Trying again') || !run.running,
        () => run.output,
      )
      engine.restart()
      await engine.ready()
    }
    expect(await run.ended(), run.output).toBe(0)
    await expectCounted(engine, files, expected)
  })

  test('that is done sends nothing when run again, and keeps its tally', async () => {
    const files = makeFiles()
    const expected = makeRows(2_000)
    const input = join(files.folder, 'rows.csv')
    writeFileSync(input, expected.csv)
    const engine = await EngineProcess.startForTest(files.definition)
    expect(await startImport(files, engine.url, input, '--strict').ended()).toBe(1)
    const again = startImport(files, engine.url, input)
    expect(await again.ended()).toBe(0)
    expect(again.output).toContain('was imported before')
    await expectCounted(engine, files, expected)
  })

  test('that takes no row fails and says why, and goes right on once the mapping is correct', async () => {
    const files = makeFiles()
    const input = join(files.folder, 'rows.csv')
    writeFileSync(input, 'user,at,amount\nu1,2011-03-13,1\n,2011-03-13,2\nu2,2011-03-13,3\n')
    const engine = await EngineProcess.startForTest(files.definition)
    for (let run = 0; run < 2; run++) {
      const failed = startImport(files, engine.url, input)
      expect(await failed.ended()).toBe(1)
      expect(failed.output).toContain('Failed: every row that was not skipped was rejected.')
      expect(failed.output).toContain('The first, row 1: BAD_TIME at: "2011-03-13" does not fit the format')
      expect(failed.output).not.toContain('Done.')
    }
    writeFileSync(files.mapping, MAPPING.replace('epoch-s', 'yyyy-MM-dd'))
    const corrected = startImport(files, engine.url, input)
    expect(await corrected.ended(), corrected.output).toBe(0)
    expect(corrected.output).toMatch(/^ {2}accepted {4}2$/m)
  })

  test('takes a .tsv by its tabs, with further headers, and says which local times were moved', async () => {
    const files = makeFiles()
    const time = 'format: iso, zone: Europe/London'
    writeFileSync(files.mapping, MAPPING.replace('format: epoch-s', time))
    const one = 'user\tat\tamount\nu1\t2026-03-29 01:30:00\t1\n'
    const input = join(files.folder, 'rows.tsv.gz')
    writeFileSync(input, gzipSync(one + one))
    const engine = await EngineProcess.startForTest(files.definition)
    const run = startImport(files, engine.url, input)
    expect(await run.ended(), run.output).toBe(0)
    expect(run.output).toMatch(/^ {4}repeated header: 1$/m)
    expect(run.output).toContain('times in a gap: 2 rows')
    expect(await engine.json('/v1/profiles/u1')).toMatchObject({ features: { bought: 2, amount: 2 } })
  })

  test('refuses to go on at an engine that lost its rows, and begins anew when told to', async () => {
    const files = makeFiles()
    const expected = makeRows(2_000)
    const input = join(files.folder, 'rows.csv')
    writeFileSync(input, expected.csv)
    const first = await EngineProcess.startForTest(files.definition)
    expect(await startImport(files, first.url, input).ended()).toBe(0)
    const second = await EngineProcess.startForTest(files.definition)
    const refused = startImport(files, second.url, input, '--resume-anyway')
    expect(await refused.ended()).toBe(1)
    expect(refused.output).toContain('does not have the rows of the earlier run')
    expect(await startImport(files, second.url, input, '--restart').ended()).toBe(0)
    await expectCounted(second, files, expected)
  })

  test('gives up with one clear line when the engine does not come', async () => {
    const files = makeFiles()
    const input = join(files.folder, 'rows.csv')
    writeFileSync(input, makeRows(10).csv)
    const run = startImport(files, 'http://127.0.0.1:9', input, '--retry-for', '1s')
    expect(await run.ended()).toBe(1)
    expect(run.output).toContain('The engine at http://127.0.0.1:9 cannot be reached')
    expect(run.output).not.toContain('    at ')
  })
})

describe('a file that cannot be read on', () => {
  const csv = makeRows(30_000).csv
  const packed = gzipSync(csv)

  test.each([
    ['cut.csv.gz', packed.subarray(0, packed.length - 2_000), 'the gzip data ends too early'],
    ['damaged.csv.gz', Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8)]), 'the gzip data is'],
    ['quotes.csv', `${csv}u1,1300000000,"1" 2\n`, 'not well-formed CSV near line'],
    ['latin.csv', Buffer.concat([Buffer.from(csv), Buffer.from('caf\xe9,1,1\n', 'latin1')]), 'is not UTF-8'],
  ])(
    '%s ends the import, what came before stays, and the next run goes on from there',
    async (name, content, says) => {
      const files = makeFiles()
      const input = join(files.folder, name)
      writeFileSync(input, content)
      const engine = await EngineProcess.startForTest(files.definition)
      const run = startImport(files, engine.url, input)
      expect(await run.ended()).toBe(1)
      expect(run.output).toContain(says)
      expect(run.output).not.toContain('    at ')
      const before = checkpointOf(files)!
      expect(before.mark).toBeGreaterThan(20_000)
      expect(before).toMatchObject({ complete: false, sentUpTo: before.mark })
      const again = startImport(files, engine.url, input)
      expect(await again.ended()).toBe(1)
      const after = checkpointOf(files)!
      // How much could be read before the break may differ by a piece of the file.
      expect(after.mark).toBeGreaterThanOrEqual(before.mark)
      const { accepted, duplicate, skipped, rejected } = after.tally
      expect(accepted + duplicate + total(skipped) + total(rejected)).toBe(after.mark)
      expect(duplicate).toBe(0)
    },
  )

  test.each([
    ['no-such.csv', undefined, 'there is no such file', 1],
    ['folder.csv', 'folder', 'this is a directory', 2],
    ['empty.csv', '', 'the file is empty', 1],
    ['other.csv', 'user,when\n1,2\n', 'columns that the file does not have: at, amount', 1],
    ['twice.csv', 'user,at,amount,at\n1,2,3,4\n', 'the column "at" twice', 1],
    ['rows.dat', 'x', '--format csv or --format ndjson', 2],
  ])('%s is refused before anything is sent', async (name, content, says, code) => {
    const files = makeFiles()
    const input = join(files.folder, name)
    if (content === 'folder') mkdirSync(input)
    else if (content !== undefined) writeFileSync(input, content)
    const run = startImport(files, 'http://127.0.0.1:9', input, '--retry-for', '1s')
    expect(await run.ended()).toBe(code)
    expect(run.output).toContain(says)
    expect(run.output).not.toContain('    at ')
  })
})
