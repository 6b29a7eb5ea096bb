// The main job on real input: a year of a shop, imported by the command line into a running engine, against an
// independent computation in SQL; and the same import with kill -9 in between, against the one without.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import { differingTexts, profileTexts, queryProfiles } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Importer, type ImportReport } from '../support/import.ts'
import { DEFINITION, differences, hasOnlineRetail, MAPPING, ONLINE_RETAIL } from '../support/online-retail.ts'
import {
  type ExpectedCounts,
  type ExpectedProfile,
  OnlineRetailOracle,
} from '../support/online-retail-oracle.ts'
import { type Random, seededRandom, testSeed } from '../support/random.ts'
import { until } from '../support/until.ts'

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
    for (let kill = 0; kill < KILLS; kill++) await killOne(killed, importer, random, counts)
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

/** Kills the engine or the importer at a random moment of the import, and starts it again. */
async function killOne(
  engine: EngineProcess,
  importer: Importer,
  random: Random,
  { actions }: ExpectedCounts,
): Promise<void> {
  const victim = random.below(2) === 0 ? engine : importer
  // All kills together come well before the end: the pauses below let the import run on, too.
  await progress(engine, importer, random.below(Math.floor(actions / (KILLS + 3))))
  // Not a wait for anything: it moves the kill to any point between two batches, or of a start.
  await pause(random.below(200))
  if (!importer.running) throw new Error(`the import ended before the kill:\n${importer.output}`)
  await victim.kill()
  console.log(`killed the ${victim === engine ? 'engine' : 'importer'}`)
  victim.restart()
}

/** Waits until this life of the engine has taken so many actions more than it has by now. */
async function progress(engine: EngineProcess, importer: Importer, actions: number): Promise<void> {
  const before = await acceptedActions(engine)
  await until(
    async () => (await acceptedActions(engine)) >= before + actions || !importer.running,
    () => `the import stands still:\n${importer.output}\n${engine.output}`,
  )
}

/** 0 while the engine does not answer. */
async function acceptedActions(engine: EngineProcess): Promise<number> {
  const response = await fetch(`${engine.url}/metrics`).catch(() => undefined)
  const text = response?.ok ? await response.text() : ''
  return Number(/^pulseprint_actions_total\{status="accepted"\} (\d+)/m.exec(text)?.[1] ?? 0)
}
