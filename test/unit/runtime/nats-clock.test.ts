import type { JetStreamManager } from '@nats-io/jetstream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { NatsClock } from '../../../src/adapters/nats/connection/nats-clock.ts'
import { type LogLine, recordingLogger } from '../../support/api.ts'

const START = Date.parse('2026-11-20T09:30:00.000Z')
/** Longer than from one check to the next. */
const CHECKED_MS = 15_000

beforeEach(() => {
  vi.useFakeTimers({ now: START })
})
afterEach(() => {
  vi.useRealTimers()
})

/**
 * The clock after the servers and this machine have gone on by `jumpMs` more than the monotonic
 * clock, and it was checked.
 */
async function afterJump(jumpMs: number): Promise<{ passedMs: number; lines: LogLine[] }> {
  const lines: LogLine[] = []
  const streams = { info: async () => ({ ts: new Date().toISOString() }) }
  const clock = await NatsClock.start({ streams } as unknown as JetStreamManager, 's', recordingLogger(lines))
  const before = clock.now()
  vi.setSystemTime(Date.now() + jumpMs)
  await vi.advanceTimersByTimeAsync(CHECKED_MS)
  clock.stop()
  return { passedMs: clock.now() - before, lines }
}

test('a clock that the servers and the machine are ahead of is set anew: the machine has slept', async () => {
  const { passedMs, lines } = await afterJump(5_000)
  expect(passedMs).toBe(CHECKED_MS + 5_000)
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/asleep/) }])
})

test('a clock that is ahead of both never goes back', async () => {
  const { passedMs, lines } = await afterJump(-5_000)
  expect(passedMs).toBe(CHECKED_MS)
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringMatching(/differs/) }])
})
