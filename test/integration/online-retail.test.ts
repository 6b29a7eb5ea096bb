// The main job on real input: a year of a shop, imported by the command line into a running engine, against an
// independent computation in SQL; and the same import with kill -9 in between, against the one without.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { differingTexts, profileTexts, queryProfiles } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Importer, type ImportReport } from '../support/import.ts'
import { killOne } from '../support/kill-import.ts'
import { DEFINITION, differences, hasOnlineRetail, MAPPING, ONLINE_RETAIL } from '../support/online-retail.ts'
import {
  type ExpectedCounts,
  type ExpectedProfile,
  OnlineRetailOracle,
} from '../support/online-retail-oracle.ts'
import { seededRandom, testSeed } from '../support/random.ts'

const DAY_MS = 86_400_000
const DAYS_LATER = [0, 3, 20, 80, 400]
/** Early in a month and a year, just after the clocks went forward, just after they went back. */
const CUTS = ['2011-01-05', '2011-03-29', '2011-11-01']
const KILLS = 5
const LONG_MS = 150_000

describe.runIf(hasOnlineRetail())('a year of a shop', { timeout: LONG_MS }, () => {
  let oracle: OnlineRetailOracle
  let counts: ExpectedCounts
  let engine: EngineProcess
  let report: ImportReport
  let expected: ExpectedProfile[]
  let userIds: string[]
  /** What the uninterrupted import made of every customer. */
  let texts: Map<string, string>

  beforeAll(async () => {
    oracle = await OnlineRetailOracle.open(ONLINE_RETAIL)
    counts = await oracle.counts()
    expected = await oracle.profiles(counts.newestAt)
    userIds = expected.map(({ userId }) => userId)
    engine = await EngineProcess.start(DEFINITION)
    report = await importAll(engine, ONLINE_RETAIL)
    texts = await profileTexts(engine, userIds, counts.newestAt)
  }, LONG_MS)

  afterAll(async () => {
    await engine?.remove()
    oracle?.close()
  })

  beforeEach(() => {
    onTestFailed(() => console.error(engine.output))
  })

  test('is read to the last line, and every line is accounted for', () => {
    expect(userIds.length).toBe(counts.customers)
    expectReport(report, counts)
  })

  test.for(DAYS_LATER)('gives every feature of every customer %d days after the last line', async (days) => {
    const at = counts.lastRowAt + days * DAY_MS
    expect(at).toBeGreaterThanOrEqual(counts.newestAt)
    const profiles = await queryProfiles(engine, userIds, at)
    expect(differences(profiles, await oracle.profiles(at))).toEqual([])
  })

  test.for(CUTS)('cut before %s gives every feature of every customer', async (date) => {
    const path = join(temporaryFolder(), 'online-retail.csv')
    await oracle.cut(date, path)
    const cut = await OnlineRetailOracle.open(path)
    onTestFinished(() => cut.close())
    const cutCounts = await cut.counts()
    const fresh = await EngineProcess.startForTest(DEFINITION)
    expectReport(await importAll(fresh, path), cutCounts)
    const profiles = await cut.profiles(cutCounts.newestAt)
    expect(profiles.length).toBe(cutCounts.customers)
    const users = profiles.map(({ userId }) => userId)
    expect(differences(await queryProfiles(fresh, users, cutCounts.newestAt), profiles)).toEqual([])
  })

  test('gives the same bytes when engine and importer are killed on the way', async () => {
    const random = seededRandom(testSeed('test/integration/online-retail.test.ts'))
    const killed = await EngineProcess.startForTest(DEFINITION)
    const importer = await Importer.start(killed, ONLINE_RETAIL, MAPPING)
    onTestFinished(() => importer.remove())
    onTestFailed(() => console.error(importer.output))
    // All kills together come well before the end: between them the import runs on a little further.
    const within = Math.floor(counts.actions / (KILLS + 3))
    for (let kill = 0; kill < KILLS; kill++) await killOne(killed, importer, random, within)
    const lastReport = await importer.finished()
    console.log(importer.output)
    expectReport(lastReport, counts)
    await killed.ready()
    expect(differingTexts(await profileTexts(killed, userIds, counts.newestAt), texts)).toEqual([])
  })

  test('gives the same bytes from the log alone', async () => {
    await engine.kill()
    rmSync(join(engine.dataPath, 'snapshots'), { recursive: true })
    engine.restart()
    await engine.ready()
    expect(differingTexts(await profileTexts(engine, userIds, counts.newestAt), texts)).toEqual([])
  })
})

async function importAll(engine: EngineProcess, file: string): Promise<ImportReport> {
  const importer = await Importer.start(engine, file, MAPPING)
  try {
    const report = await importer.finished()
    const memory = `${report['peak memory']} MiB importer, ${engine.peakMemoryMiB ?? '?'} MiB engine`
    console.log(`imported ${report['rows read']} rows, ${report.rate} rows/s; peak memory ${memory}`)
    return report
  } finally {
    await importer.remove()
  }
}

function expectReport(report: ImportReport, counts: ExpectedCounts): void {
  expect(report).toMatchObject({
    'rows read': counts.rows,
    accepted: counts.actions,
    duplicates: 0,
    skipped: counts.withoutCustomer,
    'reason: no CustomerID': counts.withoutCustomer,
    rejected: 0,
  })
}
