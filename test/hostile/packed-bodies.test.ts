// Small packed bodies that unpack to nearly the most a body may have: the engine's memory stays
// within a bound that follows from the bytes of bodies that may be in flight.
// PULSEPRINT_TEST_SECONDS makes it a longer siege.
import { expect, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { startAttacked } from '../support/attacked-engine.ts'
import { sendPackedBodies } from '../support/packed-bodies.ts'

/** In a cluster, another node may be too busy to answer in time. */
const ANSWERS = process.env.PULSEPRINT_TEST_ON === 'cluster' ? ['200', '429', '503'] : ['200', '429']
const SECONDS = Number(process.env.PULSEPRINT_TEST_SECONDS ?? 0)
/**
 * What the bytes of bodies cost in all: texts, objects, chunks, records and what the allocator does
 * not give back.
 */
const TIMES_BODIES_MAX = 16
/** What stays of it: garbage that V8 has not met yet. */
const TIMES_BODIES_RESTING = 12
const MIB = LIMITS.bodiesInFlightBytesMax / 1024 ** 2

test('packed bodies are let in by what they unpack to, and leave the memory within its bound', async () => {
  const engine = await startAttacked()
  const fresh = engine.ownMemoryMiB!
  let peak = 0
  const looking = setInterval(() => {
    peak = Math.max(peak, engine.ownMemoryMiB ?? 0)
  }, 20)
  const load = await sendPackedBodies(engine, SECONDS > 0 ? { seconds: SECONDS } : { count: 32 })
  clearInterval(looking)
  const facts = `${fresh} MiB fresh, ${peak} at most, ${engine.ownMemoryMiB} after ${(load.sent / 1e6).toFixed(1)} MB`
  console.log(`packed bodies: ${facts}, answers ${JSON.stringify(load.statuses)}`)
  expect(Object.keys(load.statuses).filter((status) => !ANSWERS.includes(status))).toEqual([])
  expect(load.statuses['200']).toBeGreaterThan(0)
  expect(peak).toBeLessThan(TIMES_BODIES_MAX * MIB)
  expect(engine.ownMemoryMiB).toBeLessThan(TIMES_BODIES_RESTING * MIB)
  const answer = await fetch(`${engine.url}/v1/profiles/packed-0`)
  expect([200, 404]).toContain(answer.status)
}, 400_000)
