// One run: everything is started, loaded and broken by the plan of a seed; then all is made well,
// comes to rest, and what clients and subscribers know is held against the log and the stores.
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../support/random.ts'
import { until } from '../support/until.ts'
import { checkActions, checkProfiles, checkStored } from './check-counts.ts'
import { allHeard, checkFromBeginning, checkReactions } from './check-streams.ts'
import { STREAMS } from './definition.ts'
import { EpochWatch } from './epoch-watch.ts'
import { Http } from './http.ts'
import { Ledger } from './ledger.ts'
import { Load } from './load.ts'
import { checkTakeovers } from './node-logs.ts'
import { steps } from './plan.ts'
import { Replay } from './replay.ts'
import { countTable, faultTable, latenessText } from './report.ts'
import { type Fired, runSchedule } from './schedule.ts'
import { expectAllSaved, expectAllSilent, expectOneOwnerEach } from './settled.ts'
import { connectToNats } from './stores.ts'
import { Topology } from './topology.ts'

/** What healing and checking take of the time of a run. */
const CHECK_MS = 25_000
/** How long the load goes on over whole parts. */
const WELL_MS = 3_000
const ANSWERED_MS_MAX = 60_000

export interface RunOptions {
  seed: number
  minutes: number
  nodes: number
  /** Makes the pauses of the load so many times longer. Default: 1. */
  slowness?: number
  /** Names of kinds of faults, or parts of them; all where empty. */
  only: readonly string[]
  /** Leaves the folder with logs and data. */
  keep: boolean
  /** The file whose command line starts the engine. */
  program: string
  say(line: string): void
}

export interface Outcome {
  /** One text per kind; none where all is as promised. */
  violations: string[]
  fired: readonly Fired[]
}

export async function runFaults(options: RunOptions): Promise<Outcome> {
  const { seed, minutes, nodes, only, program, say, slowness = 1 } = options
  const topology = await Topology.start({ nodes, program })
  let violations: string[] = ['the run did not come to its end']
  try {
    say(`${nodes} nodes, 3 nats-servers, Redis; logs in ${topology.folder}`)
    const run = new Run(topology, seed, slowness, say)
    const durationMs = Math.max(10_000, minutes * 60_000 - CHECK_MS)
    const fired = await run.breakThings(durationMs, only)
    await run.check()
    violations = run.violations
    run.report(fired)
    return { violations, fired }
  } finally {
    const keep = options.keep || violations.length > 0
    if (keep) say(`logs and data are in ${topology.folder}`)
    await topology.stop(keep)
  }
}

class Run {
  readonly #topology: Topology
  readonly #say: (line: string) => void
  readonly #seed: number
  readonly #ledger = new Ledger()
  readonly #http = new Http()
  readonly #epochs = new EpochWatch(this.#ledger)
  readonly #replay = new Replay()
  readonly #load: Load
  readonly #origins: readonly string[]
  #takeovers: readonly string[] = []

  constructor(topology: Topology, seed: number, slowness: number, say: (line: string) => void) {
    this.#topology = topology
    this.#seed = seed
    this.#say = say
    this.#origins = topology.nodes.map(({ url }) => url)
    this.#load = new Load(this.#http, this.#ledger, this.#origins, seed, slowness)
  }

  get violations(): string[] {
    return this.#ledger.violations
  }

  async breakThings(durationMs: number, only: readonly string[]): Promise<readonly Fired[]> {
    const connection = await connectToNats(this.#topology)
    this.#epochs.start(connection)
    this.#load.start()
    await sleep(WELL_MS)
    const plan = steps(this.#seed, only)
    const fired = await runSchedule(plan, durationMs, this.#topology, this.#ledger, this.#say)
    const healingAt = performance.now()
    await this.#topology.heal()
    this.#say(`all parts are well after ${Math.round(performance.now() - healingAt)} ms`)
    await sleep(WELL_MS)
    await this.#stopWriting()
    await expectOneOwnerEach(this.#topology, this.#http, this.#ledger)
    await expectAllSilent(this.#load.streams.stages, this.#ledger)
    await expectAllSaved(this.#topology, connection, this.#ledger)
    this.#say('all is at rest; checking')
    await this.#replay.read(connection)
    await this.#epochs.stop()
    await connection.close()
    return fired
  }

  async check(): Promise<void> {
    const { streams } = this.#load
    await allHeard(this.#replay, streams)
    checkActions(this.#replay, streams.actions, this.#ledger)
    checkReactions(this.#replay, streams, this.#ledger)
    await checkProfiles(this.#topology, this.#http, this.#replay, this.#ledger)
    await checkStored(this.#topology, this.#replay, this.#ledger)
    this.#takeovers = checkTakeovers(this.#topology.folder, this.#ledger)
    const random = seededRandom(this.#seed * 1_000 + 301)
    const common = { origins: this.#origins, random, ledger: this.#ledger }
    for (const stream of STREAMS) await checkFromBeginning({ ...common, stream }, streams[stream])
    await this.#load.stop()
    await this.#http.close()
  }

  report(fired: readonly Fired[]): void {
    const { counts } = this.#ledger
    const returns = this.#load.subscribers.reduce((sum, subscriber) => sum + subscriber.returns, 0)
    counts.set('subscribers came back', returns)
    counts.set('owners of shards, one after the other', this.#epochs.changes)
    counts.set('nodes that ended by themselves', this.#topology.deaths.length)
    counts.set('log records', this.#replay.records)
    counts.set('log records that are ticks', this.#replay.ticks)
    counts.set('log records of an owner of the past', this.#replay.late)
    for (const stream of STREAMS) counts.set(`entries of ${stream}`, this.#load.streams[stream].order.length)
    this.#say(`\n${faultTable(fired)}\n\n${countTable(counts)}\n`)
    this.#say(latenessText(this.#load.streams.stages.silenceLateness))
    for (const line of this.#takeovers) this.#say(line)
    for (const death of this.#topology.deaths) this.#say(`by itself: ${death}`)
  }

  async #stopWriting(): Promise<void> {
    let stopped = false
    const stopping = this.#load.stopWriting().then(() => {
      stopped = true
    })
    await until(
      () => stopped,
      () => 'some clients still had no acknowledgement a minute after all was well',
      ANSWERED_MS_MAX,
    ).catch((error: Error) => this.#ledger.violation('writes do not recover', error.message))
    if (stopped) await stopping
  }
}
