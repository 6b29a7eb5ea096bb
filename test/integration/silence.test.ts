// Real silence: users of a real engine fall silent for seconds, and whoever listens hears each
// change once, at its own instant, whatever happens to the engine meanwhile.
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seededRandom, testSeed } from '../support/random.ts'
import { Sleepers } from '../support/sleepers.ts'
import { until } from '../support/until.ts'

/** A change of a running engine that comes later than this is no longer late, it is lost. */
const LATENESS_SANE_MS = 60_000

test('each change comes once, at its own instant; an action meanwhile moves it', async () => {
  const sleepers = await Sleepers.start()
  const users = names('u', 200)
  const actedAt = Date.now()
  await sleepers.act(users)
  await clockPasses(actedAt + 1_000)
  await sleepers.act(users.slice(0, 50))
  await sleepers.expectEachChangeOnce()
  console.log(sleepers.latenessText())
  expect(sleepers.latenessMaxMs).toBeLessThan(LATENESS_SANE_MS)
})

test('the engine is killed and started before anything is due, killed until all is overdue, and stopped and started', async () => {
  const sleepers = await Sleepers.start()
  const { engine } = sleepers
  const users = names('u', 200)
  for (const [end, overdue] of [
    [() => engine.kill(), false],
    [() => engine.kill(), true],
    [() => engine.stop(), false],
  ] as const) {
    await sleepers.act(users)
    await end()
    if (overdue) await clockPasses(sleepers.asleepAt)
    engine.restart()
    await engine.ready()
    await sleepers.expectEachChangeOnce()
  }
})

test('users whose actors have long passivated', async () => {
  const sleepers = await Sleepers.start({ PULSEPRINT_HOT_USERS: '1000' })
  await sleepers.act(names('u', 200))
  const others = names('other', 3_000)
  await sleepers.act(others.slice(0, 1_500))
  await sleepers.act(others.slice(1_500))
  const { shards } = await sleepers.engine.json<{ shards: { hotUsers: number }[] }>('/v1/shards')
  expect(shards.reduce((sum, { hotUsers }) => sum + hotUsers, 0)).toBeLessThan(3_000)
  await sleepers.expectEachChangeOnce()
  console.log(sleepers.latenessText())
})

test('the engine is killed again and again while it announces', async () => {
  const random = seededRandom(testSeed('test/integration/silence.test.ts'))
  const sleepers = await Sleepers.start()
  const { engine } = sleepers
  const now = Date.now()
  // Some act later than now by their own clock, so that the changes go on for six seconds and more.
  await sleepers.act(names('u', 600), () => now - 2_000 + random.below(6_000))
  for (let kill = 0; kill < 5; kill++) {
    // Not a wait for anything: it moves the kill to any point of starting and announcing.
    await pause(random.below(700))
    await engine.kill()
    engine.restart()
    if (random.below(3) > 0) await engine.ready()
  }
  await engine.ready()
  await sleepers.expectEachChangeOnce()
})

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

function clockPasses(at: number): Promise<boolean> {
  return until(
    () => Date.now() > at,
    () => 'the clock stands still',
  )
}
