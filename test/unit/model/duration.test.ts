import { expect, test } from 'vitest'
import { durationMs } from '../../../src/model/duration.ts'

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['24h', 86_400_000],
  ['400d', 34_560_000_000],
  ['0s', 0],
])('%s is %i ms', (text, milliseconds) => {
  expect(durationMs(text)).toBe(milliseconds)
})

test.each(['', '30', 'd', '1.5h', '-3d', '30 d', '30D', '1w', '30dd', '9999999999d'])(
  '%j is no duration',
  (text) => {
    expect(durationMs(text)).toBeUndefined()
  },
)
