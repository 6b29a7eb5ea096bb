// The year of a shop once more, in pieces, as a shop imports its history month by month: the engine
// ends and starts again in between, and after each piece it is held against an independent
// computation over the rows so far.
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { queryProfiles } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
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
import { expectedLives } from '../support/online-retail-life-oracle.ts'
import { OnlineRetailOracle } from '../support/online-retail-oracle.ts'
import { firstEntries, readStreams } from '../support/online-retail-streams.ts'
import { type Random, seededRandom, testSeed } from '../support/random.ts'

const DAY_MS = 86_400_000
/** Ends what hangs; a busy machine takes a good part of it. */
const LONG_MS = 900_000

/**
 * Early in a month and a year, just after the clocks went forward, within an invoice, just after
 * the clocks went back.
 */
const CUTS = [
  "InvoiceDate < '2011-01-05'",
  "InvoiceDate < '2011-03-29'",
  'line <= 300001',
  "InvoiceDate < '2011-11-01'",
  'true',
]

describe.runIf(hasOnlineRetail())('a year of a shop in pieces', { timeout: LONG_MS }, () => {
  test('gives after each piece every feature and stage of every customer, and in the end all streams', async () => {
    const folder = temporaryFolder()
    const definition = join(folder, 'definition.yaml')
    writeDefinition(definition)
    const oracle = await OnlineRetailOracle.open(ONLINE_RETAIL)
    onTestFinished(() => oracle.close())
    const engine = await EngineProcess.startForTest(definition)
    const random = seededRandom(testSeed('test/integration/online-retail-pieces.test.ts'))
    /** Rows before each piece, by the name of its file. */
    const rowsBefore = new Map<string, number>()
    let before = 'false'
    for (const [index, rows] of CUTS.entries()) {
      const name = `piece-${index}.csv`
      await oracle.lookAt(before)
      rowsBefore.set(name, (await oracle.counts()).rows)
      await oracle.cut(`(${rows}) AND NOT (${before})`, join(folder, name))
      await oracle.lookAt(`(${rows}) AND NOT (${before})`)
      const counts = await oracle.counts()
      const report = await importKilled(engine, join(folder, name), random, counts.actions)
      expect(report).toMatchObject(reportOf(counts))
      before = rows

      if (index === 2) await engine.kill()
      else await engine.stop()
      engine.restart()
      await engine.ready()
      await oracle.lookAt(rows)
      await expectLives(engine, oracle)
    }

    await engine.stop()
    engine.setClockAhead(HISTORY_IS_OVER_MS)
    engine.restart()
    await engine.ready()
    const lives = await expectedLives(oracle)
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
    await killOne(engine, importer, random, Math.floor(actions / 3))
    const report = await importer.finished()
    console.log(importer.output)
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
