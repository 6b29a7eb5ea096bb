import { expect, test } from 'vitest'
import { RejectedEvents } from '../../../api/front-doors/rejected-events.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import { type LogLine, recordingLogger } from '../../support/api.ts'

test('wrong events are told at once, and then once a minute with how many there were', () => {
  const clock = new SimulatedClock(0)
  const logged: LogLine[] = []
  const events = new RejectedEvents(clock, recordingLogger(logged))
  const sample = { code: 'INVALID_ACTION', path: '/batch/0' }
  for (let request = 0; request < 1_000; request++) events.add(1, 2, sample)
  clock.advance(60_000)
  clock.advance(600_000)
  events.add(3, 3, sample)
  expect(logged.map(({ facts }) => [facts?.rejected, facts?.of])).toEqual([
    [1, 2],
    [999, 1_998],
    [3, 3],
  ])
})
