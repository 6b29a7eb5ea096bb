// Half a year of a shop through a cluster: imported through one node of three, over three NATS servers
// and Redis, with kill -9 of nodes and of a NATS server on the way; read through every node,
// against the same independent computation as one engine.
import { join } from 'node:path'
import { describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
import type { ProfileView } from '../../src/views/views.ts'
import { queryProfiles } from '../support/all-profiles.ts'
import type { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Importer } from '../support/import.ts'
import { type KillableCluster, startClusterForTest } from '../support/killable-cluster.ts'
import { Listener } from '../support/listener.ts'
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
import { OnlineRetailOracle } from '../support/online-retail-oracle.ts'
import { type RewardEntry, readStreams, type StageEntry } from '../support/online-retail-streams.ts'
import { type Random, seededRandom, testSeed } from '../support/random.ts'
import { until } from '../support/until.ts'

const DAY_MS = 86_400_000
/** The first of the year; the engine on one machine takes all of it. */
const ROWS = "InvoiceDate < '2011-06-01'"
/** A silence is 60 days: of the last customers, it ends just after these. */
const DAYS_LATER = [0, 20, 60, 400]
/** More stage changes than can be under way: once so many more have come, the import goes on. */
const UNDER_WAY_MAX = 400
const PATIENCE_MS = 300_000
const LONG_MS = 1_200_000

describe.runIf(hasOnlineRetail())('half a year of a shop through three nodes', { timeout: LONG_MS }, () => {
  test('gives every feature, stage and decision of every customer, though nodes and a NATS server are killed', async () => {
    const random = seededRandom(testSeed('test/integration/online-retail-cluster.test.ts'))
    const oracle = await OnlineRetailOracle.open(ONLINE_RETAIL, 1)
    onTestFinished(() => oracle.close())
    const half = join(temporaryFolder(), 'half.csv')
    await oracle.cut(ROWS, half)
    await oracle.lookAt(ROWS)
    const [counts, lives] = [await oracle.counts(), await expectedLives(oracle)]
    const stageChanges = lives.reduce((sum, { changes }) => sum + changes.length, 0)
    const definition = join(temporaryFolder(), 'definition.yaml')
    writeDefinition(definition)
    const cluster = await startClusterForTest(definition)
    const [entry, second, last] = cluster.nodes
    const stages = await Listener.open<StageEntry>(last.url, '/v1/streams/stages?after=0')
    const rewards = await Listener.open<RewardEntry>(last.url, '/v1/streams/rewards?after=0')

    const importer = await Importer.start(entry, half, MAPPING)
    onTestFinished(() => importer.remove())
    onTestFailed(() => console.error(importer.output))
    // The last silence of a customer is told of when history is over.
    await killSome(cluster, importer, stages, random, stageChanges - lives.length)
    const report = await importer.finished()
    console.log(`imported ${report['rows read']} rows, ${report.rate} rows/s, kills included`)
    // What a node itself sends again, because the owner of a shard died before it answered, comes
    // back as a duplicate.
    const { accepted, ...others } = reportOf(counts)
    expect(report).toMatchObject({ ...others, duplicates: expect.any(Number) })
    expect(report.accepted! + report.duplicates!).toBe(accepted)
    for (const node of cluster.nodes) await expectAll(node, oracle, lives, counts.lastRowAt)

    await letHistoryBeOver(cluster)
    const told = await readStreams(second, stageChanges)
    expect(streamDifferences(told, lives, lineOf)).toEqual([])
    // Who subscribed before the first row, and came back after each break, was told the same.
    await stages.has(told.stages.length)
    await rewards.has(told.rewards.length)
    expect(stages.entries.slice(0, told.stages.length)).toEqual(told.stages)
    expect(rewards.entries.slice(0, told.rewards.length)).toEqual(told.rewards)
  })
})

/**
 * `kill -9` of a node, of a NATS server and of the node that is imported through, each at a random
 * moment, and each started again. The first two come back once the import goes on without them. All
 * are ready in the end. The moments are early, because what is heard is far behind what was sent.
 * @param changes stage changes that the import sets off, about
 */
async function killSome(
  { nodes: [entry, second], nats }: KillableCluster,
  importer: Importer,
  stages: Listener<StageEntry>,
  random: Random,
  changes: number,
): Promise<void> {
  const goesOn = () => stages.has(stages.heard.length + UNDER_WAY_MAX, PATIENCE_MS)
  /** @param from hundredth of the changes from which on it comes */
  const kill = async (what: string, from: number, cut: () => Promise<void>) => {
    await stages.has(Math.floor((changes * (from + random.below(8))) / 100), PATIENCE_MS)
    if (!importer.running) throw new Error(`the import ended before the kill:\n${importer.output}`)
    const killedAt = Date.now()
    await cut()
    await goesOn()
    console.log(`killed ${what}: no stage changed for ${longestPauseMs(stages, killedAt)} ms`)
  }
  await kill('a node', 2, () => second.kill())
  second.restart()
  await second.ready()
  const server = nats[random.below(nats.length)]!
  await kill(`nats-server ${server.name}`, 12, () => server.kill())
  await server.start()
  await kill('the node that is imported through', 22, async () => {
    await entry.kill()
    entry.restart()
  })
  await entry.ready()
}

/** Between changes that were heard of since then (epoch ms). */
function longestPauseMs({ heard }: Listener<StageEntry>, since: number): number {
  const moments = [since, ...heard.map(({ arrivedAt }) => arrivedAt).filter((moment) => moment > since)]
  return Math.max(...moments.slice(1).map((moment, index) => moment - moments[index]!))
}

/** Held against the oracle some days after the last row. */
async function expectAll(
  node: EngineProcess,
  oracle: OnlineRetailOracle,
  lives: readonly ExpectedLife[],
  lastRowAt: number,
): Promise<void> {
  const userIds = lives.map(({ userId }) => userId)
  for (const days of DAYS_LATER) {
    const at = lastRowAt + days * DAY_MS
    const profiles = await liveProfiles(node, userIds, at)
    expect(differences(profiles, await oracle.profiles(at))).toEqual([])
    expect(lifeDifferences(profiles, lives, at)).toEqual([])
  }
}

/**
 * A busy machine may keep an owner from answering in time: what the snapshots said instead is
 * labelled, and asked for again.
 */
function liveProfiles(node: EngineProcess, userIds: readonly string[], at: number): Promise<ProfileView[]> {
  return until(
    async () => {
      const profiles = await queryProfiles(node, userIds, at)
      return profiles.every(({ source }) => source === 'live') && profiles
    },
    () => 'the owners do not answer in time',
  )
}

/** All nodes stop and start again with their clocks so far ahead that what is past is announced. */
async function letHistoryBeOver({ nodes }: KillableCluster): Promise<void> {
  await Promise.all(nodes.map((node) => node.stop()))
  for (const node of nodes) {
    node.setClockAhead(HISTORY_IS_OVER_MS)
    node.restart()
  }
  await Promise.all(nodes.map((node) => node.ready()))
}
