import { expect, test } from 'vitest'
import { parseWindow, unitOf } from '../../../src/model/window.ts'

test.each([
  ['15m', { kind: 'rolling', unit: 'minute', count: 15 }, 'minute'],
  ['24h', { kind: 'rolling', unit: 'hour', count: 24 }, 'hour'],
  ['30d', { kind: 'rolling', unit: 'day', count: 30 }, 'day'],
  ['14600d', { kind: 'rolling', unit: 'day', count: 14_600 }, 'day'],
  ['day', { kind: 'calendar', period: 'day' }, 'day'],
  ['week', { kind: 'calendar', period: 'week' }, 'day'],
  ['month', { kind: 'calendar', period: 'month' }, 'day'],
  ['year', { kind: 'calendar', period: 'year' }, 'day'],
])('%s is a window over %o', (text, window, unit) => {
  const parsed = parseWindow(text)
  expect(parsed).toEqual(window)
  expect(unitOf(parsed!)).toBe(unit)
})

test('a lifetime window has the one tile `all`', () => {
  expect(unitOf({ kind: 'lifetime' })).toBe('all')
})

test.each([
  '90s',
  '0d',
  '030d',
  '14601d',
  '30',
  'days',
  'Week',
  'quarter',
  '1.5h',
  '-1d',
  '',
  '99999999999m',
])('%j is no window', (text) => {
  expect(parseWindow(text)).toBeUndefined()
})
