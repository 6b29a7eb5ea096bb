// The main job on real input: a year of a shop, imported by the command line into a running engine,
// against an independent computation in SQL; and the same import with kill -9 in between, against
// the one without.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest'
import { differingTexts, profileTexts, queryProfiles } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import type { ImportReport } from '../support/import.ts'
import {
  differences,
  HISTORY_IS_OVER_MS,
  hasOnlineRetail,
  ONLINE_RETAIL,
  writeDefinition,
} from '../support/online-retail.ts'
import { importFile, lineOf, reportOf } from '../support/online-retail-import.ts'
import { lifeDifferences, streamDifferences } from '../support/online-retail-life.ts'
import { type ExpectedLife, expectedLives } from '../support/online-retail-life-oracle.ts'
import { type ExpectedCounts, OnlineRetailOracle } from '../support/online-retail-oracle.ts'
import { readStreams } from '../support/online-retail-streams.ts'

const DAY_MS = 86_400_000
/** A silence is 60 days: of the last customers, it ends just after these. */
const DAYS_LATER = [0, 3, 20, 59, 60, 61, 80, 400]
/** Ends what hangs; a busy machine takes a good part of it. */
const LONG_MS = 900_000

describe.runIf(hasOnlineRetail())('a year of a shop', { timeout: LONG_MS }, () => {
  let oracle: OnlineRetailOracle
  let counts: ExpectedCounts
  let lives: ExpectedLife[]
  let userIds: string[]
  let stageChanges: number
  let folder: string
  let definition: string
  let engine: EngineProcess
  let report: ImportReport
  /** What the uninterrupted import made of every customer. */
  let texts: Map<string, string>

  beforeAll(async () => {
    oracle = await OnlineRetailOracle.open(ONLINE_RETAIL)
    counts = await oracle.counts()
    lives = await expectedLives(oracle)
    userIds = lives.map(({ userId }) => userId)
    stageChanges = lives.reduce((sum, { changes }) => sum + changes.length, 0)
    folder = mkdtempSync(join(tmpdir(), 'pulseprint-test-'))
    definition = join(folder, 'definition.yaml')
    writeDefinition(definition)
    engine = await EngineProcess.start(definition)
    report = await importFile(engine, ONLINE_RETAIL)
    texts = await profileTexts(engine, userIds, counts.newestAt)
  }, LONG_MS)

  afterAll(async () => {
    await engine?.remove()
    oracle?.close()
    if (folder) rmSync(folder, { recursive: true })
  })

  beforeEach(() => {
    onTestFailed(() => console.error(engine.output))
  })

  test('is read to the last line, and every line is accounted for', () => {
    expect(userIds.length).toBe(counts.customers)
    expect(report).toMatchObject(reportOf(counts))
  })

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
    await engine.kill()
    rmSync(join(engine.dataPath, 'snapshots'), { recursive: true })
    engine.setClockAhead(HISTORY_IS_OVER_MS)
    engine.restart()
    await engine.ready()
    expect(streamDifferences(await readStreams(engine, stageChanges), lives, lineOf)).toEqual([])
    // Also now that the last silence of everyone has been announced.
    expect(differingTexts(await profileTexts(engine, userIds, counts.newestAt), texts)).toEqual([])
    for (const days of [60, 400]) {
      const at = counts.lastRowAt + days * DAY_MS
      expect(lifeDifferences(await queryProfiles(engine, userIds, at), lives, at)).toEqual([])
    }
  })
})
