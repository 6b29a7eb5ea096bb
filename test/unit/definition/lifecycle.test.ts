import { describe, expect, it, test } from 'vitest'
import { compiled } from './documents.ts'

const DAY = 86_400_000

const definition = compiled(`version: 1
historyWait: 2h
features:
  purchases: { aggregate: count, action: purchase }
lifecycle:
  initial: new
  transitions:
    - { from: new, to: active, on: purchase }
    - { from: active, to: loyal, when: "features.purchases >= 10" }
    - { from: "*", to: dormant, after: 60d }
    - { from: [trial, new], to: expired, after: 7d, since: stage }
    - { from: new, to: trial, on: [start, resume] }
    - { from: dormant, to: returning, on: "*", when: "properties.price > 0" }
    - { from: loyal, to: dormant, after: 90d, since: action, when: "features.purchases < 20" }
`)
const { stages, transitions } = definition.lifecycle!

it('stages are numbered as they appear, the initial one first', () => {
  expect(stages).toEqual(['new', 'active', 'loyal', 'dormant', 'trial', 'expired', 'returning'])
})

describe('a transition', () => {
  const shape = (index: number) => {
    const { from, to, on, when, silenceMs, dwellMs } = transitions[index]!
    return {
      from: [...from].map((stage) => stages[stage]),
      to: stages[to],
      on: on instanceof Set ? [...on] : on,
      when: when?.source,
      silenceMs,
      dwellMs,
    }
  }
  const NOTHING = { on: undefined, when: undefined, silenceMs: undefined, dwellMs: undefined }

  test.each([
    ['by an action', 0, { ...NOTHING, from: ['new'], to: 'active', on: ['purchase'] }],
    ['by a condition', 1, { ...NOTHING, from: ['active'], to: 'loyal', when: 'features.purchases >= 10' }],
    [
      'by silence, from every stage but its own end',
      2,
      {
        ...NOTHING,
        from: ['new', 'active', 'loyal', 'trial', 'expired', 'returning'],
        to: 'dormant',
        silenceMs: 60 * DAY,
      },
    ],
    ['by dwell', 3, { ...NOTHING, from: ['trial', 'new'], to: 'expired', dwellMs: 7 * DAY }],
    ['by one of several actions', 4, { ...NOTHING, from: ['new'], to: 'trial', on: ['resume', 'start'] }],
    [
      'by any action under a condition',
      5,
      { ...NOTHING, from: ['dormant'], to: 'returning', on: 'any', when: 'properties.price > 0' },
    ],
    [
      'by silence under a condition',
      6,
      { ...NOTHING, from: ['loyal'], to: 'dormant', when: 'features.purchases < 20', silenceMs: 90 * DAY },
    ],
  ])('%s', (_name, index, expected) => {
    expect(shape(index)).toEqual(expected)
  })
})

it('the wait for history is an hour unless the document says otherwise', () => {
  expect(definition.historyWaitMs).toBe(7_200_000)
  expect(compiled('version: 1\nfeatures: {}\n').historyWaitMs).toBe(3_600_000)
})

it('there is a stream of stages where there is a lifecycle', () => {
  expect([...definition.streams]).toEqual(['actions', 'stages'])
  expect([...compiled('version: 1\nfeatures: {}\n').streams]).toEqual(['actions'])
})

it('circles with an action, silence or a bare condition in them are welcome', () => {
  const { lifecycle } = compiled(`version: 1
features: { points: { aggregate: sum, of: properties.points, window: 30d } }
lifecycle:
  initial: a
  transitions:
    - { from: a, to: b, after: 1d, since: stage }
    - { from: b, to: c, after: 1d, since: stage }
    - { from: c, to: a, after: 1d }
    - { from: b, to: a, on: x }
    - { from: a, to: d, when: "features.points > 5" }
    - { from: d, to: a, when: "features.points <= 5" }
`)
  expect(lifecycle?.transitions).toHaveLength(6)
})
