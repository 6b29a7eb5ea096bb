// The main job on real input: a year of a shop, imported by the command line in pieces, as a shop
// imports its history month by month. The engine or the importer is killed within each piece, the
// engine ends and starts again after it, and is held against an independent computation in SQL over
// the rows so far. `npm test` takes every fourth customer, `npm run test:shop` all of them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest'
import { differingTexts, profileTexts, queryProfiles } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import { Importer, type ImportReport } from '../support/import.ts'
import { killOne } from '../support/kill-import.ts'
import {
  differences,
  HISTORY_IS_OVER_MS,
  hasOnlineRetail,
  MAPPING,
  ONLINE_RETAIL,
  writeDefinition,
} from '../support/online-retail.ts'
import { lineOf, reportOf } from '../support/online-retail-import.ts'
import { lifeDifferences, streamDifferences } from '../support/online-retail-life.ts'
import { type ExpectedLife, expectedLives } from '../support/online-retail-life-oracle.ts'
import { type ExpectedCounts, OnlineRetailOracle } from '../support/online-retail-oracle.ts'
import { firstEntries, readStreams } from '../support/online-retail-streams.ts'
import { type Random, seededRandom, testSeed } from '../support/random.ts'

const ONE_CUSTOMER_IN = process.env.PULSEPRINT_TEST_CUSTOMERS === 'all' ? 1 : 4
const DAY_MS = 86_400_000
/** A silence is 60 days: of the last customers, it ends just after these. */
const DAYS_LATER = [0, 3, 20, 59, 60, 61, 80, 400]
/** Ends what hangs; a busy machine takes a good part of it. */
const LONG_MS = 900_000

/**
 * Early in a month and a year, just after the clocks went forward, within an invoice, just after
 * the clocks went back.
 */
const CUTS = [
  "InvoiceDate < '2011-01-05'",
  "InvoiceDate < '2011-03-29'",
  // The first invoice of July with several lines.
  `line <= (SELECT min(one.line) FROM file AS one JOIN file AS next ON next.line = one.line + 1
    WHERE next.InvoiceNo = one.InvoiceNo AND one.InvoiceDate >= '2011-07-01')`,
  "InvoiceDate < '2011-11-01'",
  'true',
]

describe.runIf(hasOnlineRetail())('a year of a shop', { timeout: LONG_MS }, () => {
  let oracle: OnlineRetailOracle
  let folder: string
  let engine: EngineProcess
  let random: Random
  /** Rows before each piece, by the name of its file. */
  const rowsBefore = new Map<string, number>()
  /** Of the whole year. */
  let counts: ExpectedCounts
  let lives: ExpectedLife[]
  let userIds: string[]

  beforeAll(async () => {
    oracle = await OnlineRetailOracle.open(ONLINE_RETAIL, ONE_CUSTOMER_IN)
    folder = mkdtempSync(join(tmpdir(), 'pulseprint-test-'))
    const definition = join(folder, 'definition.yaml')
    writeDefinition(definition)
    engine = await EngineProcess.start(definition)
    random = seededRandom(testSeed('test/integration/online-retail.test.ts'))
    counts = await oracle.counts()
    lives = await expectedLives(oracle)
    userIds = lives.map(({ userId }) => userId)
  }, LONG_MS)

  afterAll(async () => {
    await engine?.remove()
    oracle?.close()
    if (folder) rmSync(folder, { recursive: true })
  })

  beforeEach(() => {
    onTestFailed(() => console.error(engine.output))
  })

  test.for([...CUTS.entries()])(
    'piece %i gives every feature and stage of every customer',
    async ([index, rows]) => {
      const before = CUTS[index - 1] ?? 'false'
      const name = `piece-${index}.csv`
      await oracle.lookAt(before)
      rowsBefore.set(name, (await oracle.counts()).rows)
      await oracle.cut(`(${rows}) AND NOT (${before})`, join(folder, name))
      await oracle.lookAt(`(${rows}) AND NOT (${before})`)
      const ofPiece = await oracle.counts()
      const report = await importKilled(engine, join(folder, name), random, ofPiece.actions)
      expect(report).toMatchObject(reportOf(ofPiece))

      if (index === 2) await engine.kill()
      else await engine.stop()
      engine.restart()
      await engine.ready()
      await oracle.lookAt(rows)
      await expectLives(engine, oracle)
    },
  )

  test.for(DAYS_LATER)(
    'gives every feature and stage of every customer %d days after the last line',
    async (days) => {
      const at = counts.lastRowAt + days * DAY_MS
      expect(at).toBeGreaterThanOrEqual(counts.newestAt)
      const profiles = await queryProfiles(engine, userIds, at)
      expect(differences(profiles, await oracle.profiles(at))).toEqual([])
      expect(lifeDifferences(profiles, lives, at)).toEqual([])
    },
  )

  test('gives the same bytes from the log alone, and tells of each stage and decision once', async () => {
    const texts = await profileTexts(engine, userIds, counts.newestAt)
    await engine.kill()
    rmSync(join(engine.dataPath, 'snapshots'), { recursive: true })
    engine.setClockAhead(HISTORY_IS_OVER_MS)
    engine.restart()
    await engine.ready()
    const changes = lives.reduce((sum, life) => sum + life.changes.length, 0)
    // Killed once more while it announces the last silence of everyone.
    const announced = changes - random.below(lives.length)
    expect(await firstEntries(engine, 'stages', announced)).toHaveLength(announced)
    await engine.kill()
    engine.restart()
    await engine.ready()
    const ofWhole = (actionId: string) =>
      rowsBefore.get(/^piece-\d\.csv/.exec(actionId)![0])! + lineOf(actionId)
    expect(streamDifferences(await readStreams(engine, changes), lives, ofWhole)).toEqual([])
    // Also now that the last silence of everyone has been announced.
    expect(differingTexts(await profileTexts(engine, userIds, counts.newestAt), texts)).toEqual([])
    for (const days of [60, 400]) {
      const at = counts.lastRowAt + days * DAY_MS
      expect(lifeDifferences(await queryProfiles(engine, userIds, at), lives, at)).toEqual([])
    }
  })
})

/** Imports the file, while the engine or the importer is killed once. */
async function importKilled(
  engine: EngineProcess,
  file: string,
  random: Random,
  actions: number,
): Promise<ImportReport> {
  const importer = await Importer.start(engine, file, MAPPING)
  try {
    // Well before the end: until it is killed the import runs on a little.
    await killOne(engine, importer, random, Math.floor(actions / 4))
    const report = await importer.finished()
    await engine.ready()
    return report
  } finally {
    await importer.remove()
  }
}

/** At the newest of the rows that the oracle looks at, and after a silence. */
async function expectLives(engine: EngineProcess, oracle: OnlineRetailOracle): Promise<void> {
  const { newestAt, customers } = await oracle.counts()
  const lives = await expectedLives(oracle)
  expect(lives.length).toBe(customers)
  const users = lives.map(({ userId }) => userId)
  for (const at of [newestAt, newestAt + 61 * DAY_MS]) {
    const profiles = await queryProfiles(engine, users, at)
    expect(differences(profiles, await oracle.profiles(at))).toEqual([])
    expect(lifeDifferences(profiles, lives, at)).toEqual([])
  }
}
