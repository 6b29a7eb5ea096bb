import { expect, test } from 'vitest'
import { closeInReverse } from '../../../src/runtime/closers.ts'
import { type LogLine, recordingLogger } from '../../support/api.ts'

test('what cannot be closed is told of, and keeps nothing else open', async () => {
  const closed: string[] = []
  const lines: LogLine[] = []
  const closers = [
    () => closed.push('first'),
    () => {
      throw new Error('at once')
    },
    () => Promise.reject(new Error('later')),
    () => closed.push('last'),
  ]
  await closeInReverse(closers, recordingLogger(lines))
  expect(closed).toEqual(['last', 'first'])
  expect(lines.map(({ level, facts }) => [level, String(facts?.error)])).toEqual([
    ['error', 'Error: later'],
    ['error', 'Error: at once'],
  ])
  await closeInReverse(closers, recordingLogger(lines))
  expect(closed).toHaveLength(2)
})
