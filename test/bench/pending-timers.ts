// What timers cost that are pending for every stored user, and how fast they fire when all are
// overdue at a start.
import { setTimeout as pause } from 'node:timers/promises'
import type { Cleanup } from './cleanup.ts'
import { definitionWith, fallingQuiet } from './definitions.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import type { BenchPlan } from './plan.ts'
import type { ProbeResult } from './probe.ts'
import { runLoad } from './run-load.ts'
import { startProbe } from './run-probe.ts'
import { StageTap } from './stage-tap.ts'

interface Memory {
  liveBytes: number
  residentBytes: number
}

export interface PendingTimers {
  users: number
  /** Of their index, pages in use. */
  bytesPerTimer: number
  /** Before the first user, and with all timers pending after a restart. */
  empty: Memory
  pending: Memory
  /** Milliseconds of CPU per second with nothing to do, both times. */
  emptyCpuMs: number
  idleCpuMs: number
  /** Milliseconds from the start of the process to ready, and to the last change published. */
  readyMs: number
  firedMs: number
  /** While they fire. */
  peakResidentBytes: number
  cpuMicrosPerTimer: number
  /** Reads and writes meanwhile. */
  meanwhile: ProbeResult
}

const SILENCE_DAYS = 60
const CLOCK_AHEAD_MS = (SILENCE_DAYS + 1) * 86_400_000
const LOOK_INTERVAL_MS = 20
const PATIENCE_MS = 240_000

export async function measurePendingTimers(
  plan: BenchPlan,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<PendingTimers> {
  const users = plan.timers
  const definition = definitionWith(fallingQuiet(`${SILENCE_DAYS}d`))
  const engine = await EngineUnderTest.start(cleanup, { hotUsers: 200_000, definition })
  const empty = await engine.memory()
  const emptyCpuMs = await idleCpu(engine, plan.idleSeconds)
  say(`${users.toLocaleString('en')} pending timers`)
  const { port } = engine
  const connections = plan.ingestConnections
  await runLoad({ port, kind: 'ingest', connections, firstUser: 0, users, rounds: 1 })
  await engine.saved()
  const { wakes, wakesBytes } = await engine.stored()
  if (wakes !== users) throw new Error(`${wakes} timers are stored`)

  await engine.killAndSpawn()
  await engine.ready()
  const pending = await engine.memory()
  const idleCpuMs = await idleCpu(engine, plan.idleSeconds)

  say('all of them overdue at a start')
  const fired = await fireAll(engine, users, cleanup)
  await engine.stop()
  return { users, bytesPerTimer: wakesBytes / wakes, empty, emptyCpuMs, pending, idleCpuMs, ...fired }
}

async function idleCpu({ server }: EngineUnderTest, seconds: number): Promise<number> {
  const [start, before] = [performance.now(), server.cpuSeconds()]
  await pause(seconds * 1_000)
  return ((server.cpuSeconds() - before) * 1e6) / (performance.now() - start)
}

async function fireAll(engine: EngineUnderTest, users: number, cleanup: Cleanup) {
  const tap = new StageTap(engine.streamsPath)
  const closeTap = cleanup.defer(() => tap.close())
  const start = performance.now()
  await engine.killAndSpawn(CLOCK_AHEAD_MS)
  let peakResidentBytes = 0
  const look = async () => {
    await pause(LOOK_INTERVAL_MS)
    engine.server.assertRunning()
    peakResidentBytes = Math.max(peakResidentBytes, engine.server.anonymousBytes())
    if (performance.now() - start > PATIENCE_MS) throw new Error(`only ${tap.count} timers fired`)
    tap.read()
  }
  let isReady = false
  const ready = engine.ready().then(() => {
    isReady = true
  })
  while (!isReady) await look()
  await ready
  const readyMs = performance.now() - start
  const [firedBefore, cpuBefore] = [tap.count, engine.server.cpuSeconds()]
  const probe = startProbe({
    port: engine.port,
    kinds: ['read', 'post'],
    perSecond: 200,
    warmUps: 0,
    users,
    mayBeRefused: true,
  })
  while (tap.count < users) await look()
  const firedMs = performance.now() - start
  const cpuSeconds = engine.server.cpuSeconds() - cpuBefore
  probe.stop()
  const meanwhile = await probe.result
  await closeTap()
  const cpuMicrosPerTimer = (cpuSeconds * 1e6) / Math.max(1, users - firedBefore)
  return { readyMs, firedMs, peakResidentBytes, cpuMicrosPerTimer, meanwhile }
}
