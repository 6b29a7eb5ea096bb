import { expect, test } from 'vitest'
import { Outage } from '../../../src/runtime/outage.ts'
import { type LogLine, recordingLogger } from '../../support/api.ts'

function watched(patienceMs?: number) {
  const lines: LogLine[] = []
  const time = { now: 5 }
  const words = { begun: 'lost', ended: 'back', ...(patienceMs !== undefined && { patienceMs }) }
  const outage = new Outage<number>(recordingLogger(lines), words, () => time.now)
  return { outage, time, told: () => lines.splice(0).map(({ level, message }) => `${level} ${message}`) }
}

test('an outage is told of once when it begins, and once when every part works again', () => {
  const { outage, told } = watched()
  outage.worked(1)
  for (const part of [1, 2, 1]) outage.failed(part, {})
  outage.worked(1)
  outage.worked(3)
  expect(told()).toEqual(['warn lost'])
  outage.worked(2)
  outage.worked(2)
  expect(told()).toEqual(['info back'])
  outage.failed(2, {})
  expect(told()).toEqual(['warn lost'])
})

test('a part that is gone keeps nobody waiting for the end of an outage', () => {
  const { outage, told } = watched()
  outage.failed(1, {})
  outage.forget(1)
  expect(told()).toEqual(['warn lost'])
  outage.worked(2)
  expect(told()).toEqual(['info back'])
})

test('what fails for less than the patience is not told of, nor that it works again', () => {
  const { outage, time, told } = watched(100)
  outage.failed(1, {})
  time.now += 99
  outage.failed(1, {})
  outage.worked(1)
  time.now += 99
  outage.failed(1, {})
  expect(told()).toEqual([])
  time.now += 100
  outage.failed(1, {})
  outage.worked(1)
  expect(told()).toEqual(['warn lost', 'info back'])
})
